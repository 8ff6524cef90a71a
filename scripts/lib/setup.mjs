import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { root, run, secondsSince, stop } from './shell.mjs'

/** package.json's `engines`, as numbers: nothing may be imported from node_modules before it is there. */
export function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  stop(`etcd-rescue needs Node.js 20.19 or newer; this is ${process.version}. Install it, for example from nodejs.org.`)
}

/** `npm ci` when node_modules is missing or is not what package-lock.json says. */
export async function ensureDependencies() {
  if (dependenciesAreCurrent()) return
  const start = performance.now()
  process.stderr.write('installing dependencies (npm ci)\n')
  const code = await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { quiet: true })
  if (code !== 0) stop('npm ci failed, see above; it needs the npm registry (or a mirror, `npm config set registry`).')
  process.stderr.write(`installed dependencies in ${secondsSince(start)}\n`)
}

function dependenciesAreCurrent() {
  const wanted = packagesOf('package-lock.json')
  const found = packagesOf('node_modules/.package-lock.json')
  if (wanted === undefined || found === undefined) return false
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => path === '' || optional || found[path]?.version === version,
  )
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(join(root, file), 'utf8')).packages
  } catch {
    return undefined
  }
}

/** Builds `dist/` when a source is newer than it. Resolves to false when the build failed. */
export async function ensureBuilt() {
  if (!buildIsStale()) return true
  const start = performance.now()
  process.stderr.write('building\n')
  const code = await run(process.execPath, ['scripts/build.mjs'], { quiet: true })
  if (code === 0) process.stderr.write(`built in ${secondsSince(start)}\n`)
  return code === 0
}

function buildIsStale() {
  const stamp = join(root, 'dist/.built')
  if (!existsSync(stamp)) return true
  const built = statSync(stamp).mtimeMs
  const sources = ['commands', 'src', 'runbooks', 'package.json', 'scripts/build.mjs', 'scripts/lib/bundle.mjs']
  return sources.some((source) => newest(join(root, source)) > built)
}

function newest(path) {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return 0
  if (!stat.isDirectory()) return stat.mtimeMs
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))))
}
