import type { EtcdMember } from './etcd-meta.ts'
import { foreignLog } from './foreign-log.ts'
import { type NamedSource, type WalFile, walFiles } from './log-names.ts'
import type { LogLook, MemberLog } from './log-state.ts'
import { type DbPeek, peekDb } from './peek.ts'
import { judgeEnd, withoutLost } from './peek-log.ts'
import { peekLost } from './peek-lost.ts'
import type { PageSource } from './source.ts'
import type { WalIds } from './wal-record.ts'
import { type WalTail, walTail } from './wal-tail.ts'

export type { NamedSource } from './log-names.ts'

/** What a few pages of a database and the last records of its log tell. */
export interface MemberPeek extends DbPeek {
  /** What etcd would make of the log, as far as its end and the names of its files tell. */
  log: LogLook
  /** Lower-case hex. Only the log has them. */
  clusterId?: string
  memberId?: string
  /** This member as its cluster knew it. */
  self?: EtcdMember
  /** Raft term and index of the last entry in the newest WAL file: how far this member's log reaches. */
  walTerm?: number
  walIndex?: number
  /** Writes that are only in the log: at most this many revisions come on top of `revision`. */
  walWrites?: number
  /** False: not all of them were read, and `walWrites` is in the proportion of those that were. */
  walWritesExact?: boolean
}

/**
 * Looks into a member's database and the end of its newest WAL file. What a client was told is written is in the log of
 * a quorum, which need not include this member: a copy of a member that lagged lacks it. `snap`: the other files beside
 * the database, of which names and sizes are looked at.
 */
export async function peekMember(
  db: PageSource,
  wal: readonly NamedSource[],
  snap: readonly NamedSource[] = [],
): Promise<MemberPeek> {
  const files = walFiles(wal)
  // side by side: on a node each look costs a round trip
  const looking = peekDb(db)
  const afterIndex = looking.then(
    ({ consistentIndex }) => consistentIndex,
    () => undefined,
  )
  const [found, end] = await Promise.all([looking, lookAtEnd(files, afterIndex)])
  if (!end) return { ...found, log: { state: 'none', why: NO_LOG } }
  return withLog(found, files, snap, await again(found, files, end))
}

const NO_LOG = 'no WAL: what was acknowledged last may be missing'

async function withLog(db: DbPeek, wal: WalFile[], snap: readonly NamedSource[], end: End): Promise<MemberPeek> {
  const { tail, ids, lastIndex, emptyNewest } = end
  const lost = db.lost === undefined ? undefined : await peekLost(db, wal, snap, tail.usedBytes)
  const found = { ...db, ...lost?.told }
  const { consistentIndex } = found
  const { term, lastTerm = term } = tail
  const self = found.members.find(({ id }) => id === ids?.memberId)
  // then it says nothing of this database: not whose it is, and not what comes on top
  const isForeign = foreignLog(db, ids) !== undefined
  const seen = { db, ids, wal, snap, tail, lastIndex, ...(emptyNewest === undefined ? {} : { emptyNewest }) }
  const log = lost ? lookOf(lost.log) : judgeEnd(seen)
  return {
    ...found,
    findings: [...withoutLost(found.findings, log), ...(log.why === undefined ? [] : [log.why])],
    log,
    walIndex: lastIndex,
    ...(lastTerm === undefined ? {} : { walTerm: lastTerm }),
    ...(isForeign ? NOTHING_AHEAD : idsOf(ids)),
    ...(self === undefined ? {} : { self }),
    ...(consistentIndex === undefined || isForeign ? {} : writesAhead(tail, lastIndex, consistentIndex)),
    ...(lost && { walWrites: lost.log.writesAfter, walWritesExact: true }),
  }
}

const idsOf = ({ clusterId, memberId }: Partial<WalIds> = {}): Partial<WalIds> => ({
  ...(clusterId === undefined ? {} : { clusterId }),
  ...(memberId === undefined ? {} : { memberId }),
})

const NOTHING_AHEAD = { walWrites: 0, walWritesExact: true }

function lookOf({ state, readFrom, why, usableTo }: MemberLog): LogLook {
  return { state, readFrom, ...(why === undefined ? {} : { why }), ...(usableTo === undefined ? {} : { usableTo }) }
}

interface End {
  tail: WalTail
  /** Of the newest file that tells them. */
  ids?: Partial<WalIds>
  lastIndex: number
  emptyNewest?: string
}

/** The end of the newest file, or, when nothing is in it, of the one before. `undefined`: there is no file. */
async function lookAtEnd(files: WalFile[], afterIndex: Promise<number | undefined>): Promise<End | undefined> {
  const newest = files.at(-1)
  if (!newest) return undefined
  const tail = await walTail(newest.source, { afterIndex })
  const { lastIndex = newest.firstIndex - 1, snapshotIndex = 0 } = tail
  if (!tail.isEmpty) return { tail, ids: tail, lastIndex: Math.max(lastIndex, snapshotIndex) }
  const before = await lookAtEnd(files.slice(0, -1), afterIndex)
  const end = before ?? { tail: { ...tail, end: 'clean' }, lastIndex: 0 }
  return { ...end, emptyNewest: newest.name }
}

/**
 * An etcd that runs writes the log before the database: a log that ends before what the database holds is looked at
 * again, as its end may have been read first.
 */
async function again({ consistentIndex }: DbPeek, files: WalFile[], end: End): Promise<End> {
  if (consistentIndex === undefined || end.lastIndex >= consistentIndex) return end
  return (await lookAtEnd(files, Promise.resolve(consistentIndex))) ?? end
}

/** Exact where all entries after the database's index were read; else in the proportion of those that were. */
function writesAhead(
  { seenFrom: from, writesAfter }: WalTail,
  lastIndex: number,
  consistentIndex: number,
): Pick<MemberPeek, 'walWrites' | 'walWritesExact'> {
  const ahead = Math.max(0, lastIndex - consistentIndex)
  const seenFrom = from ?? lastIndex + 1
  if (ahead === 0) return { walWrites: 0, walWritesExact: true }
  if (seenFrom <= consistentIndex + 1) return { walWrites: writesAfter, walWritesExact: true }
  const seen = lastIndex - seenFrom + 1
  const share = seen <= 0 ? 1 : writesAfter / seen
  return { walWrites: Math.round(ahead * share), walWritesExact: false }
}
