#!/usr/bin/env node
// Finds or installs an etcd of a minor version (default 3.5) the way the tool itself does, and prints where it is.
import { ensureBuilt, ensureDependencies, requireNode } from './lib/setup.mjs'
import { stop } from './lib/shell.mjs'

requireNode()
await ensureDependencies()
if (!(await ensureBuilt())) stop('the build failed, see above')

const { localEtcd } = await import('../dist/src/adapters/etcd/local.js')
const minor = process.argv[2] ?? '3.5'
try {
  const release = await localEtcd({ emit: (line) => process.stderr.write(`${line}\n`) }).find(minor)
  process.stdout.write(`${release.version} ${release.etcd}\n`)
} catch (error) {
  stop(`${error.message}\n${error.hint ?? ''}`)
}
