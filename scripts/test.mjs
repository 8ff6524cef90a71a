#!/usr/bin/env node
// npm test: sets itself up, runs every check and every test. Its last line alone is `N passed, N failed, N skipped`.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ensureBuilt, ensureDependencies, requireNode } from './lib/setup.mjs'
import { root, run, secondsSince } from './lib/shell.mjs'
import { setUpTests } from './lib/test-setup.mjs'

const totals = { passed: 0, failed: 0, skipped: 0 }

requireNode()
await ensureDependencies()
await check('build', ensureBuilt)
// three lanes: types take as long as the other checks together, and setting up waits for downloads
await Promise.all([
  check('types', () => tool('typescript/bin/tsc', ['--noEmit', '-p', 'tsconfig.test.json'])),
  quickChecks(),
  setUpTests(),
])
await vitest()

process.stdout.write(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped\n`)
process.exitCode = totals.failed === 0 ? 0 : 1

async function quickChecks() {
  const rules = ['--config', '.dependency-cruiser.cjs', 'commands', 'src']
  await check('lint', () => tool('@biomejs/biome/bin/biome', ['check', '.']))
  await check('dependency rules', () => tool('dependency-cruiser/bin/dependency-cruise.mjs', rules))
  await check('unused files and exports', () => tool('knip/bin/knip.js', []))
  await check('package', () => tool('publint/src/cli.js', []))
}

/** A check counts as one test; its output is shown only when it fails. */
async function check(name, body) {
  const start = performance.now()
  const ok = await body()
  totals[ok ? 'passed' : 'failed'] += 1
  process.stdout.write(`${ok ? 'ok    ' : 'FAILED'} ${name} (${secondsSince(start)})\n`)
}

async function tool(path, args) {
  return (await run(process.execPath, [join('node_modules', path), ...args], { quiet: true })) === 0
}

/** vitest's own exit code counts as well: an error outside of any test must not pass unseen. */
async function vitest() {
  const counts = join(root, '.cache', `test-counts-${process.pid}.json`)
  mkdirSync(join(root, '.cache'), { recursive: true })
  const env = { ETCD_RESCUE_TEST_COUNTS: counts }
  const code = await run(process.execPath, ['node_modules/vitest/vitest.mjs', 'run'], { env })
  const found = existsSync(counts) ? JSON.parse(readFileSync(counts, 'utf8')) : { passed: 0, failed: 0, skipped: 0 }
  rmSync(counts, { force: true })
  for (const key of Object.keys(totals)) totals[key] += found[key]
  if (code !== 0 && found.failed === 0) totals.failed += 1
  if (found.passed === 0) totals.failed += 1
}
