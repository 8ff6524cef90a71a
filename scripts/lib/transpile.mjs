import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from './shell.mjs'

const builds = join(root, '.cache', 'test-builds')

/**
 * The package as it will be installed, made of the sources as they are now without checking types, for tests that start
 * programs. A tree is made once for each state of the sources and then shared, so tests can run side by side.
 * @returns {Promise<string>} a folder with bin/, dist/, runbooks/ and package.json
 */
export async function transpiledPackage() {
  const sources = ['commands', 'src', 'bin', 'runbooks', 'schemas', 'package.json'].flatMap(filesBelow)
  const target = join(builds, keyOf(sources))
  if (existsSync(target)) return target
  mkdirSync(builds, { recursive: true })
  const fresh = mkdtempSync(join(builds, 'making-'))
  const { default: ts } = await import('typescript')
  for (const path of sources) place(ts, path, fresh)
  dropOld()
  try {
    renameSync(fresh, target)
  } catch {
    rmSync(fresh, { recursive: true, force: true }) // another run was faster
  }
  return target
}

function place(ts, path, target) {
  const code = path.endsWith('.ts')
  const inDist = /^(commands|src)\//.test(path)
  const file = join(target, inDist ? 'dist' : '', code ? path.replace(/\.ts$/, '.js') : path)
  mkdirSync(dirname(file), { recursive: true })
  if (!code) return cpSync(join(root, path), file)
  const { outputText } = ts.transpileModule(readFileSync(join(root, path), 'utf8'), {
    fileName: path,
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
      rewriteRelativeImportExtensions: true,
    },
  })
  writeFileSync(file, outputText)
}

function filesBelow(path) {
  const stat = statSync(join(root, path), { throwIfNoEntry: false })
  if (stat === undefined) return []
  if (!stat.isDirectory()) return [path]
  return readdirSync(join(root, path)).flatMap((name) => filesBelow(join(path, name)))
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
