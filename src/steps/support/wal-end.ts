import { type PageSource, parseWalName, scanWal } from '../../bolt/index.ts'
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
): Promise<Partial<Pick<Copy, 'clusterId' | 'walTerm' | 'walIndex'>> & { findings: string[] }> {
  const files = dir.files.flatMap(({ path, bytes }) => {
    const parsed = path.startsWith('member/wal/') ? parseWalName(path.slice('member/wal/'.length)) : undefined
    return parsed ? [{ path, bytes, ...parsed }] : []
  })
  const newest = files.sort((a, b) => a.sequence - b.sequence).at(-1)
  if (!newest) return { findings: ['no WAL: what was acknowledged last may be missing'] }
  const source = readAhead(remoteFileSource(host, `${dir.path}/${newest.path}`, newest.bytes))
  const { term, lastTerm = term, lastIndex = newest.firstIndex - 1, clusterId, end, findings } = await scanWal(source)
  return {
    findings: end === 'corrupt' ? findings.map((finding) => `WAL: ${finding}`) : [],
    walIndex: lastIndex,
    ...(lastTerm === undefined ? {} : { walTerm: lastTerm }),
    ...(clusterId === undefined ? {} : { clusterId }),
  }
}

const AHEAD_BYTES = 8 * 1024 * 1024

/** Asks the node for more than is needed now: a WAL is read from front to back, and each question is a round trip. */
function readAhead(source: PageSource): PageSource {
  let start = 0
  let held: Buffer = Buffer.alloc(0)
  return {
    size: source.size,
    read: async (offset, length) => {
      if (offset < start || offset + length > start + held.length) {
        held = await source.read(offset, Math.min(Math.max(length, AHEAD_BYTES), source.size - offset))
        start = offset
      }
      return held.subarray(offset - start, offset - start + length)
    },
  }
}
