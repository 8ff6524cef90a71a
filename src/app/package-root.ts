import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RescueError } from '../errors/rescue-error.ts'

/** The installed package (or the checkout): the nearest folder above this file with a `runbooks/`. */
export function packageRoot(): string {
  for (let directory = dirname(fileURLToPath(import.meta.url)); ; directory = dirname(directory)) {
    if (existsSync(join(directory, 'package.json')) && existsSync(join(directory, 'runbooks'))) return directory
    if (directory === dirname(directory)) {
      throw new RescueError('LOCAL_FILE', 'its runbooks are missing', { hint: 'install it again' })
    }
  }
}
