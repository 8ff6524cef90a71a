import { cpSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './shell.mjs'

/** What is started by name: each command, oclif's hook, the sandbox's own programs. */
const PROGRAMS = ['commands', 'src'].flatMap(filesBelow).filter((path) => {
  return /^commands\/.*\.ts$|^src\/lab\/[^/]+\/main\.ts$/.test(path) || path === 'src/app/unknown-command.ts'
})

/** gzip's threads: a file that stands beside the code that starts it. */
const WORKER = 'src/gzip/deflate-worker.mjs'

/**
 * Our code as it is installed: one file a program, and what several of them need in `chunks/`. Loading 60 files takes a
 * third of the time that 470 take. Libraries are not bundled: they stay npm's.
 * @param {string} dist the folder to write to; it must not exist
 */
export async function bundle(dist) {
  await write(PROGRAMS, { dir: dist, entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' })
  cpSync(join(root, WORKER), join(dist, 'chunks/deflate-worker.mjs'))
}

/**
 * Each source as a file of its own, for benches and tests that need one in a process of its own.
 * @param {string} dir the folder to write to; it must not exist
 */
export async function modules(dir) {
  const sources = filesBelow('src').filter((path) => path.endsWith('.ts'))
  await write(sources, { dir, entryFileNames: '[name].js', preserveModules: true, preserveModulesRoot: root })
  cpSync(join(root, WORKER), join(dir, WORKER))
}

async function write(sources, output) {
  const { rolldown } = await import('rolldown')
  const input = Object.fromEntries(sources.map((path) => [path.replace(/\.ts$/, ''), join(root, path)]))
  const build = await rolldown({
    input,
    cwd: root,
    platform: 'node',
    tsconfig: false,
    transform: { target: 'node20.19' },
    external: isLibrary,
    preserveEntrySignatures: 'strict',
  })
  await build.write({ ...output, format: 'esm' })
  await build.close()
}

function isLibrary(name) {
  return !/^[./]/.test(name)
}

/** The files below a folder of the project, or the file itself; paths from the project's root. */
export function filesBelow(path) {
  if (!statSync(join(root, path)).isDirectory()) return [path]
  return readdirSync(join(root, path)).flatMap((name) => filesBelow(`${path}/${name}`))
}
