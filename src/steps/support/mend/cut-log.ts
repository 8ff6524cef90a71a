import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type MemberLog, stateRecord } from '../../../bolt/index.ts'
import { endFile } from './end-file.ts'

/**
 * Makes of a working copy's log what `log` says can be replayed: without the files before and behind, without the raft
 * snapshots that an etcd must not find, cut at its last whole record, and all of its entries marked as committed (see
 * `commit-wal.ts`). Gives how many were not.
 */
export async function cutLog(member: string, log: MemberLog): Promise<number> {
  const { end, lastIndex, lastTerm = 0, term = 0, commit = 0 } = log
  for (const name of [...log.filesBefore, ...log.filesAfter]) await rm(join(member, 'wal', name), { force: true })
  for (const name of log.setAside) await rm(join(member, 'snap', name), { force: true })
  if (!end) return 0
  const isMarked = lastIndex !== undefined && lastIndex > commit
  const record = isMarked
    ? stateRecord({ term: Math.max(term, lastTerm), commit: lastIndex, previousCrc: end.crc })
    : undefined
  await endFile(join(member, 'wal', end.file), { offset: end.offset, ...(record && { record }) })
  return isMarked ? lastIndex - commit : 0
}
