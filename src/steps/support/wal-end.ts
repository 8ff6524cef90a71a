import { parseWalName, type WalTail, walTail } from '../../bolt/index.ts'
import { remoteFileSource } from '../../node/page-source.ts'
import type { DataDir } from '../../node/volumes.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'
import type { Copy } from '../facts.ts'

type Known = 'clusterId' | 'memberId' | 'walTerm' | 'walIndex' | 'walWrites' | 'walWritesExact'

/**
 * How far this member's log reaches, from the end of its newest WAL file, and how many writes are only there. What a
 * client was told is written is in the log of a quorum, which need not include this member: a copy of a member that
 * lagged lacks it, so copies of one cluster are ranked by this.
 *
 * `consistentIndex` is the database's: what comes after it is not in there.
 */
export async function walEnd(
  host: RemoteHost,
  dir: DataDir,
  consistentIndex: number | undefined,
): Promise<Partial<Pick<Copy, Known>> & { findings: string[] }> {
  const newest = newestWal(dir)
  if (!newest) return { findings: ['no WAL: what was acknowledged last may be missing'] }
  const source = remoteFileSource(host, `${dir.path}/${newest.path}`, newest.bytes)
  const options = consistentIndex === undefined ? {} : { afterIndex: consistentIndex }
  const tail = await walTail(source, options)
  const { term, lastTerm = term, lastIndex = newest.firstIndex - 1, clusterId, memberId, end, findings } = tail
  return {
    findings: end === 'corrupt' ? findings : [],
    walIndex: lastIndex,
    ...(lastTerm === undefined ? {} : { walTerm: lastTerm }),
    ...(clusterId === undefined ? {} : { clusterId }),
    ...(memberId === undefined ? {} : { memberId }),
    ...(consistentIndex === undefined ? {} : writesAhead(tail, lastIndex, consistentIndex)),
  }
}

function newestWal({ files }: DataDir) {
  const wals = files.flatMap(({ path, bytes }) => {
    const parsed = path.startsWith('member/wal/') ? parseWalName(path.slice('member/wal/'.length)) : undefined
    return parsed ? [{ path, bytes, ...parsed }] : []
  })
  return wals.sort((a, b) => a.sequence - b.sequence).at(-1)
}

/** Exact where all entries after the database's index were read; else in the proportion of those that were. */
function writesAhead(
  { seenFrom: from, writesAfter }: WalTail,
  lastIndex: number,
  consistentIndex: number,
): Pick<Copy, 'walWrites' | 'walWritesExact'> {
  const ahead = Math.max(0, lastIndex - consistentIndex)
  const seenFrom = from ?? lastIndex + 1
  if (ahead === 0) return { walWrites: 0, walWritesExact: true }
  if (seenFrom <= consistentIndex + 1) return { walWrites: writesAfter, walWritesExact: true }
  const seen = lastIndex - seenFrom + 1
  const share = seen <= 0 ? 1 : writesAfter / seen
  return { walWrites: Math.round(ahead * share), walWritesExact: false }
}
