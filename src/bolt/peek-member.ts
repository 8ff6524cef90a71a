import type { EtcdMember } from './etcd-meta.ts'
import { type DbPeek, peekDb } from './peek.ts'
import type { PageSource } from './source.ts'
import { parseWalName } from './wal.ts'
import { type WalTail, walTail } from './wal-tail.ts'

export interface NamedSource {
  name: string
  source: PageSource
}

/** What a few pages of a database and the last records of its log tell. */
export interface MemberPeek extends DbPeek {
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
 * a quorum, which need not include this member: a copy of a member that lagged lacks it. Without a log (`wal` empty)
 * it is what `peekDb` says.
 */
export async function peekMember(db: PageSource, wal: readonly NamedSource[]): Promise<MemberPeek> {
  const newest = newestWal(wal)
  if (!newest) return peekDb(db)
  // side by side: on a node each look costs a round trip
  const looking = peekDb(db)
  const afterIndex = looking.then(
    ({ consistentIndex }) => consistentIndex,
    () => undefined,
  )
  const [found, tail] = await Promise.all([looking, walTail(newest.source, { afterIndex })])
  const { consistentIndex } = found
  const { term, lastTerm = term, lastIndex = newest.firstIndex - 1, clusterId, memberId, end, findings } = tail
  const self = found.members.find(({ id }) => id === memberId)
  return {
    ...found,
    // the database can still be used without its log
    findings: [...found.findings, ...(end === 'corrupt' ? findings.map(withoutVerdict) : [])],
    walIndex: lastIndex,
    ...(lastTerm === undefined ? {} : { walTerm: lastTerm }),
    ...(clusterId === undefined ? {} : { clusterId }),
    ...(memberId === undefined ? {} : { memberId }),
    ...(self === undefined ? {} : { self }),
    ...(consistentIndex === undefined ? {} : writesAhead(tail, lastIndex, consistentIndex)),
  }
}

function newestWal(wal: readonly NamedSource[]) {
  const files = wal.flatMap((file) => {
    const parsed = parseWalName(file.name)
    return parsed ? [{ ...file, ...parsed }] : []
  })
  return files.sort((a, b) => a.sequence - b.sequence).at(-1)
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

const withoutVerdict = (finding: string) => finding.replace(/^unusable: /, '')
