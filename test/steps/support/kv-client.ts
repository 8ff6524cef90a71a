import { Readable } from 'node:stream'
import { crc32 } from 'node:zlib'
import { RescueError } from '../../../src/errors/rescue-error.ts'
import type { EtcdClient, EtcdStatus, KeyValue, LiveEtcd } from '../../../src/ports/etcd.ts'

interface Options {
  clusterId?: string
  /** Ids of its members. */
  members?: readonly string[]
  /** Lease ids by key; all others have none. */
  leases?: Record<string, string>
}

export interface KvClient extends EtcdClient {
  /** Every key with its value as text, in key order. */
  contents(): Record<string, string>
  /** How often it was closed. */
  readonly closed: number
}

/** An etcd that is a table of keys, one revision a put from 2 on, as etcd-manager's restore leaves it (FACTS 4). */
export function kvClient(
  keys: Record<string, string>,
  { clusterId = 'c1', members = [], leases = {} }: Options = {},
): KvClient {
  const kvs = new Map<string, KeyValue>()
  let revision = 1
  let closed = 0
  const put: EtcdClient['put'] = async (key, value) => {
    revision += 1
    const text = String(key)
    kvs.set(text, {
      key: Buffer.from(key),
      value: Buffer.from(value),
      createRevision: kvs.get(text)?.createRevision ?? revision,
      modRevision: revision,
      version: (kvs.get(text)?.version ?? 0) + 1,
      lease: leases[text] ?? '0',
    })
  }
  for (const [key, value] of Object.entries(keys)) void put(key, value)
  const sorted = (prefix = '') =>
    [...kvs.values()].filter(({ key }) => String(key).startsWith(prefix)).sort((a, b) => Buffer.compare(a.key, b.key))
  return {
    endpoint: 'memory',
    contents: () => Object.fromEntries(sorted().map(({ key, value }) => [String(key), String(value)])),
    get closed() {
      return closed
    },
    status: async () => ({ ...status, clusterId, revision }),
    members: async () => members.map((id) => ({ id, name: `etcd-${id}`, peerUrls: [], clientUrls: [] })),
    removeMember: async () => {},
    count: async ({ prefix } = {}) => sorted(prefix).length,
    range: async function* ({ prefix } = {}) {
      yield* sorted(prefix)
    },
    get: async (key) => kvs.get(key),
    put,
    deleteIfUnchanged: async (key, modRevision) => {
      if (kvs.get(String(key))?.modRevision !== modRevision) return false
      return kvs.delete(String(key))
    },
    alarms: async () => [],
    disarm: async () => {},
    hashKv: async () => ({ hash: hashOf(sorted()), compactRevision: 0 }),
    compact: async () => {},
    defragment: async () => {},
    snapshot: async () => Readable.from([]),
    close: async () => {
      closed += 1
    },
  }
}

const hashOf = (kvs: readonly KeyValue[]) =>
  crc32(Buffer.concat(kvs.flatMap(({ key, value }) => [key, Buffer.from([0]), value])))

const status: EtcdStatus = {
  version: '3.5.30',
  clusterId: '',
  memberId: '1',
  leaderId: '1',
  revision: 1,
  raftTerm: 2,
  raftIndex: 10,
  dbSizeBytes: 20_480,
  dbSizeInUseBytes: 20_480,
}

/** A cluster that answers with this client, or not at all. */
export function liveAs(client: () => EtcdClient | undefined): LiveEtcd {
  return {
    connect: async () => {
      const found = client()
      if (found) return found
      throw new RescueError('ETCD_UNREACHABLE', 'no member of the cluster answers', { hint: 'look at the nodes' })
    },
  }
}
