import { base64, type Gateway } from './gateway.ts'

const PAGE = 500
/** `\0` as a range end means: to the end of the key space. */
const ALL = '\0'

export interface Pair {
  key: Buffer
  value: Buffer
}

interface RangeAnswer {
  header: { revision: string }
  kvs?: { key: string; value?: string }[]
  more?: boolean
  count?: string
}

export async function putKey(gateway: Gateway, key: string | Buffer, value: string | Buffer, lease = '0') {
  await gateway.call('/v3/kv/put', { key: base64(key), value: base64(value), lease }, 30_000)
}

/** Many keys in one transaction (at most 128, etcd's default limit). No key may be there twice. */
export async function putMany(gateway: Gateway, pairs: Pair[]): Promise<void> {
  const success = pairs.map(({ key, value }) => ({ requestPut: { key: base64(key), value: base64(value) } }))
  await gateway.call('/v3/kv/txn', { success }, 30_000)
}

export async function countKeys(gateway: Gateway, prefix = ''): Promise<number> {
  const answer = await gateway.call<RangeAnswer>('/v3/kv/range', { ...bounds(prefix), countOnly: true })
  return Number(answer.count ?? 0)
}

/** All keys below a prefix in order, page by page, at the revision of the first page. */
export async function* allKeys(gateway: Gateway, prefix = ''): AsyncGenerator<Pair> {
  const { key, rangeEnd } = bounds(prefix)
  let from = key
  let revision = '0'
  for (;;) {
    const body = { key: from, rangeEnd, limit: PAGE, revision }
    const answer = await gateway.call<RangeAnswer>('/v3/kv/range', body, 60_000)
    if (revision === '0') revision = answer.header.revision
    const kvs = answer.kvs ?? []
    for (const kv of kvs) yield { key: Buffer.from(kv.key, 'base64'), value: Buffer.from(kv.value ?? '', 'base64') }
    const last = kvs.at(-1)
    if (!answer.more || last === undefined) return
    from = base64(Buffer.concat([Buffer.from(last.key, 'base64'), Buffer.from([0])]))
  }
}

function bounds(prefix: string): { key: string; rangeEnd: string } {
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

export async function addMember(gateway: Gateway, peerUrl: string): Promise<void> {
  await gateway.call('/v3/cluster/member/add', { peerURLs: [peerUrl] })
}

export async function removeMember(gateway: Gateway, id: string): Promise<void> {
  await gateway.call('/v3/cluster/member/remove', { ID: id })
}

/** A new lease; etcd raises a time to live that is too short to what its elections allow. */
export async function grantLease(gateway: Gateway, seconds: number): Promise<string> {
  const body = { TTL: String(Math.max(1, Math.ceil(seconds))), ID: '0' }
  return (await gateway.call<{ ID: string }>('/v3/lease/grant', body)).ID
}
