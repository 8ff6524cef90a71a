import { describe, expect, test } from 'vitest'
import { memoryClock } from '../../src/adapters/memory/clock.ts'
import { RescueError } from '../../src/errors/rescue-error.ts'
import type { LiveEtcd } from '../../src/ports/etcd.ts'
import type { Seat } from '../../src/steps/facts.ts'
import { placementOf } from './support/in-place.ts'
import { type KvClient, kvClient } from './support/kv-client.ts'
import { runStep } from './support/step.ts'

const SEATS: Seat[] = ['a', 'b', 'c'].map((node) => ({
  ...{ node, base: '/mnt/v', name: `etcd-${node}` },
  ...(node === 'c' ? { lostMemberId: '1c' } : { source: '/mnt/v/data-trashcan/old' }),
}))

const START = Date.parse('2024-03-21T13:00:00Z')

interface Options {
  /** Unix ms, relative to the start, from which on the cluster answers. */
  from?: number
  /** The cluster's id at a time. */
  clusterId?: (at: number) => string
  /** From when on a member answers by itself. */
  member?: Record<string, number>
  known?: boolean
  remembered?: Map<string, unknown>
}

async function watch(options: Options = {}) {
  const { from = 0, clusterId = () => 'cc', member = {}, known = true, remembered = new Map() } = options
  const clock = memoryClock({ auto: true })
  const clients: KvClient[] = []
  const asked = new Set<string>()
  const live: LiveEtcd = {
    connect: async ({ node } = {}) => {
      const at = clock.now().getTime() - START
      if (node !== undefined) asked.add(node)
      if (at < Math.max(from, node === undefined ? 0 : (member[node] ?? 0)))
        throw new RescueError('ETCD_UNREACHABLE', 'no member of the cluster answers', { hint: 'look at the nodes' })
      const client = kvClient({ '/registry/namespaces/default': 'x' }, { clusterId: clusterId(at) })
      clients.push(client)
      return client
    },
  }
  const { clusterId: id, ...unknown } = placementOf(SEATS)
  const facts = {
    placement: known ? { ...unknown, clusterId: id } : unknown,
    stopped: { nodes: ['a', 'b'], at: START - 1500, clusterIdBefore: 'ff' },
    expected: { revision: 900 },
  }
  const done = runStep('watch-members', { facts, world: { live, clock }, remembered })
  return { done, clients, asked, clock }
}

describe('watch-members', () => {
  test('the first read of the right cluster ends the outage; then each member with data must serve', async () => {
    const { done, clients, asked } = await watch({ from: 500 })
    const { gives, notes } = await done
    expect(gives).toEqual({ restoredLive: { clusterId: 'cc', seconds: 2, liveRevision: 900 } })
    expect(notes).toEqual(['etcd serves again, 2.0 s after etcd-manager was stopped (cluster cc)'])
    // c has no data yet: etcd-manager fills it later
    expect([...asked]).toEqual(['a', 'b'])
    expect(clients.every(({ closed }) => closed === 1)).toBe(true)
  })

  test('what is served by the wrong cluster is no read of the right one', async () => {
    const clusterId = (at: number) => (at < 3000 ? 'ff' : 'cc')
    for (const known of [true, false]) {
      const { gives } = await (await watch({ clusterId, known })).done
      expect(gives).toMatchObject({ restoredLive: { clusterId: 'cc', seconds: 4.5 } })
    }
  })

  test.each([
    [true, /the cluster ff is served, not cc$/],
    [false, /the cluster from before \(ff\) is still served$/],
  ])('one that stays the wrong one is TIMED_OUT and named (known before: %s)', async (known, message) => {
    const { done } = await watch({ clusterId: () => 'ff', known })
    await expect(done).rejects.toMatchObject({ code: 'TIMED_OUT', message })
  })

  test('one that never answers is TIMED_OUT with what was last seen, after eleven minutes', async () => {
    const { done, clock } = await watch({ from: Number.POSITIVE_INFINITY })
    await expect(done).rejects.toMatchObject({
      code: 'TIMED_OUT',
      message:
        /^timed out after 11m: etcd answers a linearizable read.* — last seen: no member of the cluster answers$/,
    })
    expect(clock.slept).toBe(660_000)
  })

  test('a member that comes later does not make the outage longer; one that never comes is named', async () => {
    const late = await (await watch({ member: { b: 20_000 } })).done
    expect(late.gives).toMatchObject({ restoredLive: { seconds: 1.5 } })
    const { done } = await watch({ member: { b: Number.POSITIVE_INFINITY } })
    // a quorum serves: the operator must not sit behind the fence for one member
    expect((await done).notes.at(-1)).toMatch(
      /careful: etcd-rescue run rejoin-member --set node=b .*the member on b serves.* has a quorum without it/,
    )
  })

  test('resumed, the outage is what it was', async () => {
    const remembered = new Map<string, unknown>()
    await (await watch({ remembered })).done
    const { gives } = await (await watch({ remembered, from: 60_000 })).done
    expect(gives).toMatchObject({ restoredLive: { seconds: 1.5 } })
  })
})
