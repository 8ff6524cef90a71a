import { readFile, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { RescueError } from '../errors/rescue-error.ts'

export const CONFIG_FILE = 'etcd-rescue.yaml'
const maxBytes = 1024 * 1024

export interface FoundConfig {
  path: string
  text: string
}

/**
 * The config file: `--config`, else ETCD_RESCUE_CONFIG, else `etcd-rescue.yaml` in the working directory or above.
 * A file that was named must exist (`CONFIG_INVALID`); that none is found is not an error here.
 */
export async function findConfig(options: {
  named?: string | undefined
  cwd: string
}): Promise<FoundConfig | undefined> {
  if (options.named) return readNamed(resolve(options.cwd, options.named))
  for (let directory = resolve(options.cwd); ; directory = dirname(directory)) {
    const path = join(directory, CONFIG_FILE)
    const found = await stat(path).catch(() => undefined)
    if (found?.isFile()) return readNamed(path)
    if (dirname(directory) === directory) return undefined
  }
}

async function readNamed(path: string): Promise<FoundConfig> {
  const hint = 'name another file with --config, or write a first one with: etcd-rescue config init'
  try {
    const found = await stat(path)
    if (!found.isFile()) throw new Error('not a file')
    if (found.size > maxBytes) throw new Error(`larger than ${maxBytes} bytes`)
    return { path, text: await readFile(path, 'utf8') }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new RescueError('CONFIG_INVALID', `cannot read the configuration ${path}: ${why}`, { hint, cause })
  }
}
