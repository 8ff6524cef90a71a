import { parseWalName, walTail } from '../../bolt/index.ts'
import { remoteFileSource } from '../../node/page-source.ts'
import type { DataDir } from '../../node/volumes.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'
import type { Copy } from '../facts.ts'

/**
 * How far this member's log reaches, from the end of its newest WAL file (a new one begins with the hard state and the
 * CRC of the one before). What a client was told is written is in the log of a quorum, which need not include this
 * member: a copy of a member that lagged lacks it, so copies of one cluster are ranked by this.
 */
export async function walEnd(
  host: RemoteHost,
  dir: DataDir,
): Promise<Partial<Pick<Copy, 'clusterId' | 'walTerm' | 'walIndex'>> & { findings: string[] }> {
  const files = dir.files.flatMap(({ path, bytes }) => {
    const parsed = path.startsWith('member/wal/') ? parseWalName(path.slice('member/wal/'.length)) : undefined
    return parsed ? [{ path, bytes, ...parsed }] : []
  })
  const newest = files.sort((a, b) => a.sequence - b.sequence).at(-1)
  if (!newest) return { findings: ['no WAL: what was acknowledged last may be missing'] }
  const source = remoteFileSource(host, `${dir.path}/${newest.path}`, newest.bytes)
  const { term, lastTerm = term, lastIndex = newest.firstIndex - 1, clusterId, end, findings } = await walTail(source)
  return {
    findings: end === 'corrupt' ? findings.map((finding) => `WAL: ${finding}`) : [],
    walIndex: lastIndex,
    ...(lastTerm === undefined ? {} : { walTerm: lastTerm }),
    ...(clusterId === undefined ? {} : { clusterId }),
  }
}
