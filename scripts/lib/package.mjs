import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { bundle, filesBelow, modules } from './bundle.mjs'
import { root, run } from './shell.mjs'

const builds = join(root, '.cache', 'test-builds')

/**
 * The package as it will be installed, made of the sources as they are now, for tests and benches that start programs; and
 * beside it `modules/`, each source as a file of its own. It is made once for each state of the sources and then shared, so
 * that tests can run side by side.
 * @returns {Promise<string>} a folder with bin/, dist/, runbooks/, package.json and modules/
 */
export async function packageAsInstalled() {
  const key = keyOf(['commands', 'src', 'bin', 'runbooks', 'schemas', 'package.json', 'scripts'].flatMap(filesBelow))
  const target = join(builds, key)
  if (existsSync(target)) return target
  mkdirSync(builds, { recursive: true })
  const fresh = mkdtempSync(join(builds, 'making-'))
  for (const path of ['bin', 'runbooks', 'schemas', 'package.json'])
    cpSync(join(root, path), join(fresh, path), { recursive: true })
  await bundle(join(fresh, 'dist'))
  await modules(join(fresh, 'modules'))
  if ((await run(process.execPath, ['scripts/manifest.mjs', fresh])) !== 0) throw new Error('no manifest')
  dropOld()
  try {
    renameSync(fresh, target)
  } catch {
    rmSync(fresh, { recursive: true, force: true }) // another run was faster
  }
  return target
}

function keyOf(sources) {
  const hash = createHash('sha256')
  for (const path of sources) {
    const { mtimeMs, size } = statSync(join(root, path))
    hash.update(`${path}\0${mtimeMs}\0${size}\n`)
  }
  return hash.digest('hex').slice(0, 20)
}

/** Trees that nobody can be using any more. */
function dropOld() {
  const limit = Date.now() - 2 * 3600_000
  for (const name of readdirSync(builds)) {
    const path = join(builds, name)
    const stat = statSync(path, { throwIfNoEntry: false })
    if (stat !== undefined && stat.mtimeMs < limit) rmSync(path, { recursive: true, force: true })
  }
}
