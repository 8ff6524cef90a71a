import { liveKv, peekMember } from '../bolt/index.ts'
import { toTarget } from '../config/index.ts'
import { compareSets } from '../digest/index.ts'
import { DiffTally } from '../kube/index.ts'
import type { EtcdClient } from '../ports/etcd.ts'
import type { DiffSide, DiffValue } from '../ui/diff.ts'
import { many } from '../words/numbers.ts'
import type { Session } from './session.ts'
import { type OpenedSource, type SourceRoom, withSources } from './sources/index.ts'

export type { DiffValue } from '../ui/diff.ts'

export interface DiffOptions {
  /** `live`, or a source. */
  a: string
  b: string
  etcdCluster: string
  /** How many objects of each sort of difference to list. */
  limit: number
}

/** The running cluster, in place of a source. */
const LIVE = 'live'

interface Pair {
  key: Buffer
  value: Buffer
  lease: string
}

interface Side extends Omit<DiffSide, 'keys'> {
  pairs(): AsyncIterable<Pair>
}

/**
 * What a recovery from B would bring back, lose or change, compared with A. Every key is compared, in bounded memory.
 * What only a WAL holds is told and not compared.
 */
export async function diffSources(session: Session, options: DiffOptions): Promise<DiffValue> {
  const { a, b, etcdCluster } = options
  const sources = a === LIVE ? [b] : [b, a]
  try {
    return await withSources(session, { sources, etcdCluster }, async ([openedB, openedA], room) => {
      const sideB = await sideOf(openedB as OpenedSource, room)
      if (openedA) return compare(session, await sideOf(openedA, room), sideB, options)
      return withLive(session, room, etcdCluster, (live) => compare(session, live, sideB, options))
    })
  } finally {
    session.screen.end()
  }
}

async function sideOf(opened: OpenedSource, { signal }: SourceRoom): Promise<Side> {
  const { revision, clusterId, walWrites } = await peekMember(opened.db, opened.wal, opened.snap)
  return {
    source: opened.label,
    ...(revision === undefined ? {} : { revision }),
    ...(clusterId === undefined ? {} : { clusterId }),
    ...(walWrites === undefined ? {} : { walWrites }),
    pairs: () => liveKv(opened.db, { signal }),
  }
}

async function withLive<T>(
  session: Session,
  { config, nodes, signal }: SourceRoom,
  etcdCluster: string,
  body: (live: Side) => Promise<T>,
): Promise<T> {
  const { liveEtcd } = await import('../adapters/etcd/live.ts')
  const target = toTarget(config, etcdCluster)
  session.screen.listen({ type: 'note', step: '', line: `reading etcd ${etcdCluster} of ${target.cluster}` })
  const hosts = (await nodes.all()).controlPlane
  const live = liveEtcd({ hosts, etcdCluster, certificateDir: config.clientCertificates })
  const client = await live.connect()
  try {
    return await body(await liveSide(client, signal))
  } finally {
    await client.close()
  }
}

/** All passes read the same revision, whatever is written meanwhile. */
async function liveSide(client: EtcdClient, signal: AbortSignal): Promise<Side> {
  const { revision, clusterId } = await client.status()
  return { source: LIVE, revision, clusterId, pairs: () => client.range({ revision, signal }) }
}

async function compare(session: Session, a: Side, b: Side, { limit }: DiffOptions): Promise<DiffValue> {
  const tally = new DiffTally(limit)
  const leased = { a: 0, b: 0 }
  const keys = { a: 0, b: 0 }
  const counted = (side: 'a' | 'b', pairs: () => AsyncIterable<Pair>) => {
    let isFirst = true
    return async function* () {
      const counts = isFirst
      isFirst = false
      for await (const pair of pairs()) {
        if (counts) keys[side]++
        if (counts && pair.lease !== '0') leased[side]++
        yield pair
      }
    }
  }
  const { same } = await compareSets(counted('a', a.pairs), counted('b', b.pairs), {
    onDifference: (difference, pair) => tally.take(difference, pair),
    onKeys: (done) => session.screen.listen({ type: 'progress', step: '', label: 'compared', done, unit: 'keys' }),
  })
  const { totals, objects, objectsLeftOut, expected, phantoms } = tally
  const [sideA, sideB] = [withoutPairs(a, keys.a), withoutPairs(b, keys.b)]
  const known = a.clusterId !== undefined && b.clusterId !== undefined
  return {
    a: sideA,
    b: sideB,
    ...(known ? { sameCluster: a.clusterId === b.clusterId } : {}),
    same,
    totals,
    kinds: tally.kinds(),
    objects,
    objectsLeftOut,
    expected,
    phantoms,
    leased,
    notes: notesOn(a, b),
  }
}

function withoutPairs({ pairs: _, ...side }: Side, keys: number): DiffSide {
  return { ...side, keys }
}

function notesOn(a: Side, b: Side): string[] {
  const ahead = [a, b].filter(({ walWrites = 0 }) => walWrites > 0)
  return ahead.map(
    ({ source, walWrites = 0 }) =>
      `${source}: not compared: ${many(walWrites, 'write')} only in its WAL; recover brings them back`,
  )
}
