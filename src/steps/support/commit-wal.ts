import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { openFileSource, parseWalName, scanWal, stateRecord, type WalScan } from '../../bolt/index.ts'

/**
 * Marks every entry of a copied WAL as committed, by one more hard state at its end, and says how many that were.
 *
 * etcd writes the mark after it has answered its clients, and `--force-new-cluster` throws away what is not marked:
 * killed right after the answer, a member lost 19 of 20 acknowledged writes on a restart of its copy. Raft makes the log
 * that reaches furthest the new leader's, and commits all of it; that is the log that `choose-copy` takes. Entries that
 * no quorum had are brought back as well: their clients were never told that they failed.
 *
 * Only ever on the working copy in the scratch: what was fetched stays as it was.
 */
export async function commitWal(walDir: string): Promise<number> {
  const newest = await newestWal(walDir)
  if (newest === undefined) return 0
  const scan = await scanFile(newest.path)
  const last = scan.lastIndex
  if (last === undefined || scan.end !== 'clean' || scan.commit === undefined || scan.commit >= last) return 0
  const record = stateRecord({
    term: Math.max(scan.term ?? 0, scan.lastTerm ?? 0),
    commit: last,
    previousCrc: scan.lastCrc,
  })
  const handle = await open(newest.path, 'r+')
  try {
    await handle.write(record, 0, record.length, scan.usedBytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
  return last - scan.commit
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
