#!/usr/bin/env node
// npm run build: TypeScript to dist/, what is not code beside it, and oclif's manifest, which makes start-up fast.
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, run } from './lib/shell.mjs'

const dist = join(root, 'dist')
const fresh = join(root, `.cache/build-${process.pid}`)

try {
  await build()
} finally {
  rmSync(fresh, { recursive: true, force: true })
}

/** Built aside and swapped in, so that a failed build leaves the last good one. */
async function build() {
  rmSync(fresh, { recursive: true, force: true })
  mkdirSync(fresh, { recursive: true })
  const tsc = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json', '--outDir', fresh]
  if ((await run(process.execPath, tsc)) !== 0) return fail()
  for (const path of assets('src')) cpSync(join(root, path), join(fresh, path))
  rmSync(dist, { recursive: true, force: true })
  renameSync(fresh, dist)
  if ((await run(process.execPath, ['scripts/manifest.mjs'])) !== 0) return fail()
  writeFileSync(join(dist, '.built'), '')
}

function fail() {
  process.exitCode = 1
}

/** Files beside the code that the code reads when it runs: .proto, .eta, .sh, .json. */
function assets(directory) {
  return readdirSync(join(root, directory), { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) return assets(path)
    return entry.name.endsWith('.ts') || !existsSync(join(root, path)) ? [] : [path]
  })
}
