#!/usr/bin/env node
// npm start: sets itself up (dependencies, build, an etcd) and runs the drill; arguments after -- are the drill's.
import { spawn } from 'node:child_process'
import { ensureBuilt, ensureDependencies, requireNode } from './lib/setup.mjs'
import { root, stop } from './lib/shell.mjs'

requireNode()
await ensureDependencies()
if (!(await ensureBuilt())) stop('the build failed, see above')

// Its own process: the drill decides the exit code, and Ctrl-C reaches it directly
const child = spawn(process.execPath, ['bin/run.js', 'drill', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
})
process.on('SIGINT', () => {})
process.on('SIGTERM', () => child.kill('SIGTERM'))
child.on('close', (code) => process.exit(code ?? 1))
