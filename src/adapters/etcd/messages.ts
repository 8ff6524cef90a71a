import type { EtcdAlarm, KeyValue } from '../../ports/etcd.ts'

/** Messages as etcd3's loader gives them: uint64 as decimal strings, bytes as buffers. */
export interface Header {
  cluster_id: string
  member_id: string
  revision: string
  raft_term: string
}

export interface WireKeyValue {
  key: Buffer
  value: Buffer
  create_revision: string
  mod_revision: string
  version: string
  lease: string
}

export interface RangeAnswer {
  header: Header
  kvs: WireKeyValue[]
  more: boolean
  count: string
}

export interface StatusAnswer {
  header: Header
  version: string
  dbSize: string
  dbSizeInUse: string
  leader: string
  raftIndex: string
  raftTerm: string
}

export interface MemberListAnswer {
  members: { ID: string; name: string; peerURLs: string[]; clientURLs: string[]; isLearner?: boolean }[]
}

export interface AlarmAnswer {
  /** `alarm` is a number where etcd3's rpc.proto has no name for it. */
  alarms: { memberID: string; alarm: string | number }[]
}

export interface HashAnswer {
  hash: number
  compact_revision: string
}

/** etcd's own names are in capitals; etcd3's rpc.proto has them otherwise. */
export const toAlarm = ({ memberID, alarm }: AlarmAnswer['alarms'][number]): EtcdAlarm => ({
  kind: String(alarm).toUpperCase(),
  memberId: hexId(memberID),
})

const WIRE_NAMES: Readonly<Record<string, string>> = { NOSPACE: 'Nospace', CORRUPT: 'Corrupt' }

/** One that etcd3's rpc.proto does not name is its number again. */
export const wireAlarm = ({ kind, memberId }: EtcdAlarm) => ({
  memberID: decimalId(memberId),
  alarm: WIRE_NAMES[kind] ?? Number(kind),
})

export function fromWire(kv: WireKeyValue): KeyValue {
  return {
    key: kv.key,
    value: kv.value,
    createRevision: Number(kv.create_revision),
    modRevision: Number(kv.mod_revision),
    version: Number(kv.version),
    lease: kv.lease,
  }
}

/** etcd prints ids in hex. */
export function hexId(decimal: string): string {
  return BigInt(decimal).toString(16)
}

/** The other way round. Throws a `SyntaxError` for what is no number in hex. */
export function decimalId(hex: string): string {
  return BigInt(`0x${hex}`).toString()
}

/**
 * The first key after all keys with this prefix; a single zero byte means "no end" to etcd. An empty prefix is every
 * key, which etcd writes as the range from a zero byte to a zero byte.
 */
export function prefixRange(prefix: string): { key: Buffer; range_end: Buffer } {
  if (prefix === '') return { key: Buffer.from([0]), range_end: Buffer.from([0]) }
  const key = Buffer.from(prefix)
  const last = key.findLastIndex((byte) => byte < 0xff)
  if (last < 0) return { key, range_end: Buffer.from([0]) }
  const end = Buffer.from(key.subarray(0, last + 1))
  end[last] = (end[last] ?? 0) + 1
  return { key, range_end: end }
}
