import { constants } from 'node:fs'
import { copyFile, open, rename, stat } from 'node:fs/promises'

interface End {
  /** Where the last whole record ends. */
  offset: number
  /** A record to append there. */
  record?: Buffer
}

/**
 * Ends a WAL file of a working copy: zeros behind the last whole record up to the length that etcd gave it, as etcd's own
 * repair leaves it, and a record in the first of them. Synced. A file that is shared with what was fetched (see
 * `working-copy.ts`) becomes one of its own first, since an etcd will go on writing in it.
 */
export async function endFile(path: string, { offset, record = Buffer.alloc(0) }: End): Promise<void> {
  await unshare(path)
  const handle = await open(path, 'r+')
  try {
    const { size } = await handle.stat()
    await handle.truncate(offset)
    await handle.truncate(Math.max(size, offset))
    await handle.write(record, 0, record.length, offset)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function unshare(path: string): Promise<void> {
  if ((await stat(path)).nlink === 1) return
  await copyFile(path, `${path}.own`, constants.COPYFILE_FICLONE)
  await rename(`${path}.own`, path)
}
