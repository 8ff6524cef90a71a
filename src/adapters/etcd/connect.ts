import type { EtcdClient, EtcdStatus } from '../../ports/etcd.ts'
import {
  type AlarmAnswer,
  decimalId,
  fromWire,
  type HashAnswer,
  type Header,
  hexId,
  type MemberListAnswer,
  prefixRange,
  type RangeAnswer,
  type StatusAnswer,
  toAlarm,
  wireAlarm,
} from './messages.ts'
import { rangePages } from './range.ts'
import { type EtcdTls, openRpc, type Rpc } from './rpc.ts'
import { snapshotStream } from './snapshot.ts'

export interface ConnectOptions {
  /** `host:port`. Either this or a socket. */
  endpoint?: string
  /** The absolute path of a unix socket, as etcd listens on or as a forward makes it. */
  socketPath?: string
  /** Absent: plain text, for members of our own on sockets in a 0700 directory. */
  tls?: EtcdTls
  /** Of every call, and of every silence within a stream. Default 10 s. */
  deadlineMs?: number
  /** How the endpoint is called in messages. Default: as given. */
  name?: string
}

const DEADLINE_MS = 10_000
/** 1 GB is hashed, compacted or written anew in seconds; a slow disk may take its time. */
const LONG_MS = 300_000

/**
 * A client of one member. It connects at the first call, so a dead member shows there: `ETCD_UNREACHABLE` after the
 * deadline (etcd3 itself would wait for more than 90 s, STACK, etcd3 5). Close it, or the process does not end.
 */
export async function connectEtcd(options: ConnectOptions): Promise<EtcdClient> {
  const target = options.socketPath ? `unix:${options.socketPath}` : (options.endpoint ?? '127.0.0.1:4001')
  const rpc = await openRpc(target, options.tls, options.deadlineMs ?? DEADLINE_MS, options.name)
  return clientOf(rpc)
}

function clientOf(rpc: Rpc): EtcdClient {
  return {
    endpoint: rpc.endpoint,
    status: async () => toStatus(await rpc.call<StatusAnswer>('Maintenance', 'status', {})),
    members: async () => {
      const { members } = await rpc.call<MemberListAnswer>('Cluster', 'memberList', {})
      return members.map(({ ID, name, peerURLs, clientURLs, isLearner }) => ({
        id: hexId(ID),
        name,
        peerUrls: peerURLs,
        clientUrls: clientURLs,
        ...(isLearner ? { isLearner } : {}),
      }))
    },
    removeMember: async (id) => {
      await rpc.call('Cluster', 'memberRemove', { ID: decimalId(id) })
    },
    count: async ({ prefix = '', revision = 0 } = {}) => {
      const request = { ...prefixRange(prefix), revision: String(revision), count_only: true }
      return Number((await rpc.call<RangeAnswer>('KV', 'range', request)).count)
    },
    range: (rangeOptions = {}) => rangePages(rpc, rangeOptions),
    get: async (key) => {
      const { kvs } = await rpc.call<RangeAnswer>('KV', 'range', { key: Buffer.from(key) })
      return kvs[0] && fromWire(kvs[0])
    },
    put: async (key, value) => {
      await rpc.call<{ header: Header }>('KV', 'put', { key: Buffer.from(key), value: Buffer.from(value) })
    },
    deleteIfUnchanged: (key, modRevision) => deleteIfUnchanged(rpc, key, modRevision),
    alarms: async () => {
      const { alarms } = await rpc.call<AlarmAnswer>('Maintenance', 'alarm', { action: 'Get' })
      return alarms.map(toAlarm)
    },
    disarm: async (alarm) => {
      await rpc.call('Maintenance', 'alarm', { action: 'Deactivate', ...wireAlarm(alarm) })
    },
    hashKv: async (revision) => {
      const request = { revision: String(revision) }
      const answer = await rpc.call<HashAnswer>('Maintenance', 'hashKv', request, LONG_MS)
      return { hash: answer.hash, compactRevision: Number(answer.compact_revision) }
    },
    compact: async (revision) => {
      await rpc.call('KV', 'compact', { revision: String(revision), physical: true }, LONG_MS)
    },
    defragment: async () => {
      await rpc.call('Maintenance', 'defragment', {}, LONG_MS)
    },
    snapshot: ({ signal } = {}) => snapshotStream(rpc, signal),
    close: async () => rpc.close(),
  }
}

/**
 * One transaction, so that a key written in between survives. Enums by the names in etcd3's own rpc.proto, which are not
 * etcd's: one that it does not know is sent as 0, a comparison by version that never holds.
 */
async function deleteIfUnchanged(rpc: Rpc, key: Buffer, modRevision: number): Promise<boolean> {
  const answer = await rpc.call<{ succeeded: boolean }>('KV', 'txn', {
    compare: [{ result: 'Equal', target: 'Mod', key, mod_revision: String(modRevision) }],
    success: [{ request_delete_range: { key } }],
    failure: [],
  })
  return answer.succeeded
}

function toStatus(answer: StatusAnswer): EtcdStatus {
  const { header } = answer
  return {
    version: answer.version,
    clusterId: hexId(header.cluster_id),
    memberId: hexId(header.member_id),
    leaderId: hexId(answer.leader),
    revision: Number(header.revision),
    raftTerm: Number(answer.raftTerm),
    raftIndex: Number(answer.raftIndex),
    dbSizeBytes: Number(answer.dbSize),
    dbSizeInUseBytes: Number(answer.dbSizeInUse),
  }
}
