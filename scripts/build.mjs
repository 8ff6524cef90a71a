#!/usr/bin/env node
// npm run build: our code to dist/, bundled, and oclif's manifest, which makes start-up fast. Types are `npm run typecheck`.
import { cpSync, existsSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundle } from './lib/bundle.mjs'
import { root, run } from './lib/shell.mjs'

const dist = join(root, 'dist')
const fresh = join(root, `.cache/build-${process.pid}`)

// Built aside and swapped in, so that a failed build leaves the last good one
try {
  await bundle(fresh)
  keepChunks()
  rmSync(dist, { recursive: true, force: true })
  renameSync(fresh, dist)
  process.exitCode = await run(process.execPath, ['scripts/manifest.mjs'])
  if (process.exitCode === 0) writeFileSync(join(dist, '.built'), '')
} finally {
  rmSync(fresh, { recursive: true, force: true })
}

/** A recovery that runs from this clone may yet load a part of the build before: a day's are kept. */
function keepChunks() {
  const old = join(dist, 'chunks')
  if (!existsSync(old)) return
  for (const name of readdirSync(old)) {
    const isRecent = statSync(join(old, name)).mtimeMs > Date.now() - 24 * 3600_000
    const to = join(fresh, 'chunks', name)
    if (isRecent && !existsSync(to)) cpSync(join(old, name), to, { preserveTimestamps: true })
  }
}
