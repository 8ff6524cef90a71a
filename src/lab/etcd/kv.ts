import { base64, type Gateway } from './gateway.ts'

const PAGE = 500
/** `\0` as a range end means: to the end of the key space. */
const ALL = '\0'

export interface Pair {
  key: Buffer
  value: Buffer
}

/** What every answer of etcd begins with. Numbers of 64 bits come as decimal strings, and not at all when they are 0. */
interface Headed {
  header: { revision?: string; cluster_id?: string }
}

interface RangeAnswer extends Headed {
  kvs?: { key: string; value?: string }[]
  more?: boolean
  count?: string
}

/** Resolves to the revision of the acknowledged write. */
export async function putKey(
  gateway: Gateway,
  key: string | Buffer,
  value: string | Buffer,
  lease = '0',
): Promise<number> {
  const body = { key: base64(key), value: base64(value), lease }
  return revisionOf(await gateway.call<Headed>('/v3/kv/put', body, 30_000))
}

/** Many keys in one transaction (at most 128, etcd's default limit). No key may be there twice. */
export async function putMany(gateway: Gateway, pairs: Pair[]): Promise<void> {
  const success = pairs.map(({ key, value }) => ({ requestPut: { key: base64(key), value: base64(value) } }))
  await gateway.call('/v3/kv/txn', { success }, 30_000)
}

const revisionOf = ({ header }: Headed): number => Number(header.revision ?? 0)

/** The revision of a linearizable read. */
export async function currentRevision(gateway: Gateway): Promise<number> {
  return revisionOf(await gateway.call<Headed>('/v3/kv/range', { key: base64('health'), keysOnly: true }))
}

export async function countKeys(gateway: Gateway, prefix: string, revision: number): Promise<number> {
  const body = { ...bounds(prefix), countOnly: true, revision: String(revision) }
  return Number((await gateway.call<RangeAnswer>('/v3/kv/range', body)).count ?? 0)
}

/** All keys below a prefix in order, page by page, at the revision of the first page, which `onRevision` is told. */
export async function* allKeys(
  gateway: Gateway,
  prefix = '',
  onRevision: (revision: number) => void = () => undefined,
): AsyncGenerator<Pair> {
  const { key, rangeEnd } = bounds(prefix)
  let from = key
  let revision = '0'
  for (;;) {
    const body = { key: from, rangeEnd, limit: PAGE, revision }
    const answer = await gateway.call<RangeAnswer>('/v3/kv/range', body, 60_000)
    if (revision === '0') onRevision(revisionOf(answer))
    if (revision === '0') revision = answer.header.revision ?? '0'
    const kvs = answer.kvs ?? []
    for (const kv of kvs) yield { key: Buffer.from(kv.key, 'base64'), value: Buffer.from(kv.value ?? '', 'base64') }
    const last = kvs.at(-1)
    if (!answer.more || last === undefined) return
    from = base64(Buffer.concat([Buffer.from(last.key, 'base64'), Buffer.from([0])]))
  }
}

export function bounds(prefix: string): { key: string; rangeEnd: string } {
  if (prefix === '') return { key: base64(ALL), rangeEnd: base64(ALL) }
  const end = Buffer.from(prefix)
  end.writeUInt8(end.readUInt8(end.length - 1) + 1, end.length - 1)
  return { key: base64(prefix), rangeEnd: base64(end) }
}

/** A linearizable read: true when a quorum answers in time. */
export async function isHealthy(gateway: Gateway, timeoutMs = 2_000): Promise<boolean> {
  try {
    await gateway.call('/v3/kv/range', { key: base64('health'), keysOnly: true }, timeoutMs)
    return true
  } catch {
    return false
  }
}

export interface Member {
  ID: string
  name?: string
  peerURLs: string[]
}

export async function listMembers(gateway: Gateway): Promise<Member[]> {
  return (await gateway.call<{ members: Member[] }>('/v3/cluster/member/list', {})).members
}

/** The id of the cluster that answers a linearizable read; lower-case hex, as etcd prints ids. */
export async function clusterIdNow(gateway: Gateway, timeoutMs?: number): Promise<string> {
  const body = { key: base64('health'), keysOnly: true }
  const { header } = await gateway.call<Headed>('/v3/kv/range', body, timeoutMs)
  return hex(header.cluster_id ?? '0')
}

export const hex = (decimal: string): string => BigInt(decimal).toString(16)

export async function addMember(gateway: Gateway, peerUrl: string): Promise<void> {
  await gateway.call('/v3/cluster/member/add', { peerURLs: [peerUrl] })
}

export async function removeMember(gateway: Gateway, id: string): Promise<void> {
  await gateway.call('/v3/cluster/member/remove', { ID: id })
}
