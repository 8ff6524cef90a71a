import { parseWalName, scanWal } from '../../bolt/index.ts'
import { remoteFileSource } from '../../node/page-source.ts'
import type { DataDir } from '../../node/volumes.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'
import type { Copy } from '../facts.ts'

/**
 * How far this member's log reaches, from its newest WAL file (it begins with the hard state and the CRC of the one
 * before). What a client was told is written is in the log of a quorum, which need not include this member: a copy of a
 * member that lagged lacks it, so copies of one cluster are ranked by this.
 */
export async function walEnd(
  host: RemoteHost,
  dir: DataDir,
): Promise<Partial<Pick<Copy, 'clusterId' | 'walCommit' | 'walIndex'>> & { findings: string[] }> {
  const files = dir.files.flatMap(({ path, bytes }) => {
    const parsed = path.startsWith('member/wal/') ? parseWalName(path.slice('member/wal/'.length)) : undefined
    return parsed ? [{ path, bytes, ...parsed }] : []
  })
  const newest = files.sort((a, b) => a.sequence - b.sequence).at(-1)
  if (!newest) return { findings: ['no WAL: what was acknowledged last may be missing'] }
  const scan = await scanWal(remoteFileSource(host, `${dir.path}/${newest.path}`, newest.bytes))
  const { commit, lastIndex, clusterId, end, findings } = scan
  return {
    findings: end === 'corrupt' ? findings.map((finding) => `WAL: ${finding}`) : [],
    ...(commit === undefined ? {} : { walCommit: commit }),
    ...(lastIndex === undefined ? {} : { walIndex: lastIndex }),
    ...(clusterId === undefined ? {} : { clusterId }),
  }
}
