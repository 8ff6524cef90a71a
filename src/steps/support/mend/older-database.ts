import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { checkDb, newerMeta, openFileSource } from '../../../bolt/index.ts'
import { mendedLog } from './mended-log.ts'
import type { Way } from './way.ts'

/**
 * The database as of the transaction before its last one, of which a power cut left parts: bbolt keeps the pages of that
 * one until the next, and its meta page. The log brings the rest.
 */
export const olderDatabase: Way = {
  title: 'the database as of its last but one transaction',
  needsDatabase: false,
  prepare: async (member, signal) => {
    const path = join(member, 'snap', 'db')
    if (await isSound(path, signal)) return { not: 'the database is not damaged' }
    const at = await newerMetaOf(path)
    if (at === undefined) return { not: 'the database has no two meta pages that are whole' }
    await wipe(path, at)
    if (!(await isSound(path, signal))) return { not: 'the database before its last transaction is damaged too' }
    const prepared = await mendedLog.prepare(member, signal)
    if ('not' in prepared) return prepared
    const did =
      'took the database as of its last but one transaction, since the last one is not whole; the log brings the rest'
    return { ...prepared, did: [did, ...prepared.did] }
  },
}

async function isSound(path: string, signal: AbortSignal): Promise<boolean> {
  const source = await openFileSource(path)
  try {
    await checkDb(source, { signal })
    return true
  } catch (error) {
    signal.throwIfAborted()
    if ((error as { code?: string }).code === 'COPY_CORRUPT') return false
    throw error
  } finally {
    await source.close()
  }
}

async function newerMetaOf(path: string): Promise<{ offset: number; bytes: number } | undefined> {
  const source = await openFileSource(path)
  try {
    return await newerMeta(source)
  } finally {
    await source.close()
  }
}

/** Zeros: its checksum is wrong then, and bbolt takes the other. */
async function wipe(path: string, { offset, bytes }: { offset: number; bytes: number }): Promise<void> {
  const handle = await open(path, 'r+')
  try {
    await handle.write(Buffer.alloc(bytes), 0, bytes, offset)
    await handle.sync()
  } finally {
    await handle.close()
  }
}
