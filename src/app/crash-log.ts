import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { defaultWorkDir } from '../config/config.ts'

/**
 * Writes what a bug report needs to `<work dir>/crashes/`, mode 0600, and gives the file's path. Not the environment: it
 * holds credentials. Where even that fails, the stack itself is given.
 */
export async function writeCrashLog(error: unknown, argv: readonly string[]): Promise<string> {
  const directory = join(defaultWorkDir(process.env), 'crashes')
  const file = join(directory, `${new Date().toISOString().replaceAll(':', '-')}-${process.pid}.log`)
  const text = [
    `etcd-rescue ${argv.join(' ')}`,
    `node ${process.version} ${process.platform}`,
    inspect(error, { depth: 5 }),
  ]
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    await writeFile(file, `${text.join('\n')}\n`, { mode: 0o600, flag: 'wx' })
    return file
  } catch {
    return text.join('; ').replaceAll('\n', '; ').slice(0, 4000)
  }
}
