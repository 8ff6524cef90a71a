import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { openFileSource, scanWal, stateRecord } from '../../src/bolt/index.ts'

/**
 * Makes the newest WAL file what a power cut leaves: the last mark of what is committed is as of the fifth entry, and
 * behind the last whole record lies `rest`.
 */
export async function forgetMarks(walDir: string, rest: Buffer): Promise<void> {
  const path = join(
    walDir,
    (await readdir(walDir))
      .filter((name) => name.endsWith('.wal'))
      .sort()
      .at(-1) ?? '',
  )
  const source = await openFileSource(path)
  const { usedBytes, lastCrc, term = 1 } = await scanWal(source)
  await source.close()
  const mark = stateRecord({ term, commit: 5, previousCrc: lastCrc })
  const handle = await open(path, 'r+')
  await handle.write(mark, 0, mark.length, usedBytes)
  await handle.write(rest, 0, rest.length, usedBytes + mark.length)
  await handle.close()
}
