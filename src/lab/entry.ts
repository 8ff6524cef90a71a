import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { RescueError } from '../errors/rescue-error.ts'

/** The programs of the sandbox that run as processes of their own. */
export type EntryName = 'etcd-manager' | 'apiserver' | 'spawner'

/**
 * The compiled entry file of one of the sandbox's programs. In the product it lies beside this file in `dist`. Where the
 * sources run as TypeScript (vitest), Node cannot start them: `ETCD_RESCUE_LAB_DIST` names a folder with the compiled
 * tree, which the tests' setup makes.
 */
export function entryFile(name: EntryName): string {
  const here = fileURLToPath(import.meta.url)
  const compiled = process.env.ETCD_RESCUE_LAB_DIST
  const file = here.endsWith('.js')
    ? fileURLToPath(new URL(`./${name}/main.js`, import.meta.url))
    : `${compiled ?? '(ETCD_RESCUE_LAB_DIST is not set)'}/src/lab/${name}/main.js`
  if (existsSync(file)) return file
  throw new RescueError('PRECONDITION', `the sandbox's ${name} is not built: ${file}`, { hint: 'run: npm run build' })
}
