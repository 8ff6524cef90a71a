#!/usr/bin/env node
// npm run build: our code to dist/, bundled, and oclif's manifest, which makes start-up fast. Types are `npm run typecheck`.
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundle } from './lib/bundle.mjs'
import { root, run } from './lib/shell.mjs'

const dist = join(root, 'dist')
const fresh = join(root, `.cache/build-${process.pid}`)

// Built aside and swapped in, so that a failed build leaves the last good one
try {
  await bundle(fresh)
  rmSync(dist, { recursive: true, force: true })
  renameSync(fresh, dist)
  process.exitCode = await run(process.execPath, ['scripts/manifest.mjs'])
  if (process.exitCode === 0) writeFileSync(join(dist, '.built'), '')
} finally {
  rmSync(fresh, { recursive: true, force: true })
}
