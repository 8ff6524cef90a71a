import { stat } from 'node:fs/promises'
import { join } from 'node:path'

/** Whether a data directory of this run is still there: a scratch can be emptied between two attempts. */
export async function holdsData(dataDir: string): Promise<boolean> {
  const found = await stat(join(dataDir, 'member', 'snap', 'db')).catch(() => undefined)
  return found?.isFile() === true
}
