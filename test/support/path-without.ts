import { existsSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'

/** Fills a directory with links to all programs of this machine's PATH but one: a node that lacks it. */
export function pathWithout(dir: string, program: string): string {
  const made = new Set([program])
  for (const from of (process.env.PATH ?? '').split(':').filter((one) => existsSync(one))) {
    for (const name of readdirSync(from)) {
      if (!made.has(name)) symlinkSync(join(from, name), join(dir, name))
      made.add(name)
    }
  }
  return dir
}
