import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RescueError } from '../errors/rescue-error.ts'

/** The programs of the sandbox that run as processes of their own. */
export type EntryName = 'etcd-manager' | 'apiserver' | 'spawner'

/**
 * The built file of one of the sandbox's programs: of the package that this code belongs to. Where the sources run as
 * TypeScript (vitest), `ETCD_RESCUE_LAB_DIST` names the `dist` that the tests' setup has built.
 */
export function entryFile(name: EntryName): string {
  const file = join(builtPackage(), `src/lab/${name}/main.js`)
  if (existsSync(file)) return file
  throw new RescueError('PRECONDITION', `the sandbox's ${name} is not built: ${file}`, { hint: 'run: npm run build' })
}

function builtPackage(): string {
  const here = fileURLToPath(import.meta.url)
  if (here.endsWith('.ts')) return process.env.ETCD_RESCUE_LAB_DIST ?? '(ETCD_RESCUE_LAB_DIST is not set)'
  for (let directory = dirname(here); ; directory = dirname(directory)) {
    if (existsSync(join(directory, 'package.json')) || directory === dirname(directory)) return join(directory, 'dist')
  }
}
