import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { openFileSource, parseWalName, scanWal, stateRecord, type WalScan } from '../../bolt/index.ts'

export interface Committed {
  /** Entries at the end of the WAL that were not marked as committed, and are now. */
  marked: number
  /** The last entry of the log; absent when its newest file holds none. */
  lastIndex?: number
  /** The byte of the newest file behind which no record is whole: it was cut there. Absent: its end was clean. */
  cutAt?: number
}

/**
 * Marks every entry of a copied WAL as committed, by one more hard state at its end, and says how many that were. A last
 * record that is not whole, as after a power cut, is cut off first, as etcd's own repair does: nobody was told that it was written.
 *
 * etcd writes the mark after it has answered its clients, and `--force-new-cluster` throws away what is not marked:
 * killed right after the answer, a member lost 19 of 20 acknowledged writes on a restart of its copy. Raft makes the log
 * that reaches furthest the new leader's, and commits all of it; that is the log that `choose-copy` takes. Entries that
 * no quorum had are brought back as well: their clients were never told that they failed.
 *
 * Only ever on the working copy in the scratch: what was fetched stays as it was.
 */
export async function commitWal(walDir: string): Promise<Committed> {
  const newest = await newestWal(walDir)
  if (newest === undefined) return { marked: 0 }
  const scan = await scanFile(newest.path)
  if (scan.end === 'corrupt') return { marked: 0 }
  const { lastIndex, commit } = scan
  const marked = lastIndex === undefined || commit === undefined ? 0 : Math.max(0, lastIndex - commit)
  const isTorn = scan.end === 'torn'
  if (isTorn || marked > 0) await endAt(newest.path, scan, marked > 0)
  return {
    marked,
    ...(lastIndex === undefined ? {} : { lastIndex }),
    ...(isTorn ? { cutAt: scan.usedBytes } : {}),
  }
}

/** Zeros behind the last whole record, up to the length that etcd gave the file, and the mark in the first of them. */
async function endAt(path: string, scan: WalScan, isMarked: boolean): Promise<void> {
  const handle = await open(path, 'r+')
  try {
    const { size } = await handle.stat()
    await handle.truncate(scan.usedBytes)
    await handle.truncate(size)
    if (isMarked) {
      const record = markOf(scan)
      await handle.write(record, 0, record.length, scan.usedBytes)
    }
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function markOf({ term, lastTerm, lastIndex, lastCrc }: WalScan): Buffer {
  return stateRecord({ term: Math.max(term ?? 0, lastTerm ?? 0), commit: lastIndex ?? 0, previousCrc: lastCrc })
}

async function newestWal(walDir: string): Promise<{ path: string } | undefined> {
  const files = (await readdir(walDir)).flatMap((name) => {
    const parsed = parseWalName(name)
    return parsed ? [{ path: join(walDir, name), ...parsed }] : []
  })
  return files.sort((a, b) => a.sequence - b.sequence).at(-1)
}

async function scanFile(path: string): Promise<WalScan> {
  const source = await openFileSource(path)
  try {
    return await scanWal(source)
  } finally {
    await source.close()
  }
}
