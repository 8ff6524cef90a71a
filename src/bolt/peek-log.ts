import { count, many } from '../words/numbers.ts'
import { foreignLog } from './foreign-log.ts'
import { gapInNames, hasSentDb, type NamedSource, snapFiles, type WalFile } from './log-names.ts'
import { BY_RECORD, isByRecord } from './log-start.ts'
import type { LogLook, LogState } from './log-state.ts'
import type { DbPeek } from './peek.ts'
import type { WalIds } from './wal-record.ts'
import type { WalTail } from './wal-tail.ts'

/** What was looked at: names and sizes of all files, and the end of the newest WAL file that holds anything. */
export interface LogSeen {
  db: Pick<DbPeek, 'consistentIndex' | 'lost' | 'members' | 'removedMembers' | 'etcdVersion'>
  ids?: Partial<WalIds> | undefined
  wal: readonly WalFile[]
  snap: readonly NamedSource[]
  tail: WalTail
  /** The last entry that the log holds. */
  lastIndex: number
  /** The newest WAL file, when it has 0 bytes or holds zeros only. */
  emptyNewest?: string
}

/** The worst that names, sizes and the last records tell. Never `whole`: what is before them was not read. */
export function judgeEnd(seen: LogSeen): LogLook {
  const found =
    lostDatabase(seen) ??
    foreign(seen) ??
    gap(seen) ??
    damage(seen) ??
    aheadSnapshot(seen) ??
    behind(seen) ??
    torn(seen)
  return { state: 'unread', readFrom: 'end', ...found }
}

type Verdict = { state: LogState; why: string; usableTo?: number } | undefined

const held = ({ db }: LogSeen) => db.consistentIndex ?? 0

/** Where an etcd without raft snapshots could begin: from index 0 it needs no database. */
const reachesBack = ({ wal }: LogSeen, to: number) => wal[0] !== undefined && wal[0].firstIndex <= to

function lostDatabase(seen: LogSeen): Verdict {
  const { lost } = seen.db
  if (lost === undefined) return undefined
  const reach = count(seen.lastIndex)
  return reachesBack(seen, 0) && gapInNames(seen.wal) === undefined && seen.tail.end !== 'corrupt'
    ? {
        state: 'database-lost',
        why: `no database (${lost}); the WAL begins at index 0 and reaches ${reach}: an etcd can make it anew when it is whole`,
        usableTo: seen.lastIndex,
      }
    : {
        state: 'database-lost',
        why: `no database (${lost}), and the WAL does not reach back to index 0`,
      }
}

function foreign(seen: LogSeen): Verdict {
  const why = foreignLog(seen.db, seen.ids)
  return why === undefined ? undefined : { state: 'damaged', why, usableTo: held(seen) }
}

function gap(seen: LogSeen): Verdict {
  const why = gapInNames(seen.wal) ?? beginsLate(seen)
  return why === undefined ? undefined : { state: 'gap', why: `${why}: etcd refuses this log`, usableTo: held(seen) }
}

/** Without a raft snapshot etcd reads the log from index 0. From 3.7 on only records of the log tell of them. */
function beginsLate({ db, wal, snap }: LogSeen): string | undefined {
  const first = wal[0]?.firstIndex ?? 0
  const isByFile = db.etcdVersion !== undefined && !isByRecord(db.etcdVersion)
  const isLate = first > 0 && isByFile && snapFiles(snap).every(({ index }) => index < first)
  return isLate ? `the log begins only at index ${count(first)}, and no raft snapshot reaches it` : undefined
}

function damage(seen: LogSeen): Verdict {
  const { tail, lastIndex } = seen
  const usableTo = Math.max(lastIndex, held(seen))
  if (tail.end === 'corrupt') return { state: 'damaged', why: `${tail.findings[0]}: etcd refuses this log`, usableTo }
  if (tail.commit === undefined || tail.commit <= lastIndex) return undefined
  const why = `the log is marked as committed up to ${count(tail.commit)} and ends at ${count(lastIndex)}: etcd refuses it`
  return { state: 'damaged', why, usableTo }
}

function aheadSnapshot(seen: LogSeen): Verdict {
  const { db, snap, lastIndex } = seen
  const newest = snapFiles(snap)[0]
  const { consistentIndex } = db
  if (!newest || consistentIndex === undefined || newest.index <= consistentIndex) return undefined
  if (hasSentDb(snap, newest.index)) return undefined
  const older = snapFiles(snap).find(({ index }) => index <= consistentIndex)
  const byRecord = isByRecord(db.etcdVersion)
  const canReplay = !byRecord && reachesBack(seen, older?.index ?? 0)
  const cannot = `${byRecord ? BY_RECORD : 'the log does not reach back to it'}; the database is all that can be used`
  const can = canReplay ? `set aside, the log can be replayed on it up to ${count(lastIndex)}` : cannot
  const why = `the newest raft snapshot (index ${count(newest.index)}) is beyond the database (${count(consistentIndex)}): etcd does not start on it; ${can}`
  return { state: 'snapshot-ahead', why, usableTo: canReplay ? Math.max(lastIndex, consistentIndex) : consistentIndex }
}

function behind({ db, lastIndex }: LogSeen): Verdict {
  const { consistentIndex = 0 } = db
  if (lastIndex >= consistentIndex) return undefined
  const lost = consistentIndex - lastIndex
  const why = `the log ends at ${count(lastIndex)} and the database holds ${count(consistentIndex)}: etcd would start and drop the next ${many(lost, 'write')}; use the database alone`
  return { state: 'behind-database', why, usableTo: consistentIndex }
}

function torn({ tail, lastIndex, emptyNewest }: LogSeen): Verdict {
  if (emptyNewest !== undefined) {
    const why = `the newest WAL file ${emptyNewest} is empty: what it held is lost; the log before it ends at ${count(lastIndex)}`
    return { state: 'ends-torn', why, usableTo: lastIndex }
  }
  if (tail.end !== 'torn') return undefined
  const why = `the last record of the log is not whole, as after a power cut; before it the log ends at ${count(lastIndex)}`
  return { state: 'ends-torn', why, usableTo: lastIndex }
}

/** The database's own verdict, where its log makes up for it. */
export const withoutLost = (findings: readonly string[], { state, usableTo }: LogLook): string[] =>
  state === 'database-lost' && usableTo !== undefined
    ? findings.filter((one) => !one.startsWith('unusable'))
    : [...findings]
