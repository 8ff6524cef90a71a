import { RescueError, toRescueError } from '../../errors/rescue-error.ts'
import type { EtcdClient } from '../../ports/etcd.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'
import type { World } from '../../ports/world.ts'
import { count } from '../../words/numbers.ts'
import type { Facts } from '../facts.ts'
import { lacksVolume } from './no-volume.ts'
import { quorumOf } from './quorum.ts'
import { reachOf } from './readable.ts'
import { ofCluster, rejoinCommand } from './rejoin-command.ts'
import { sameAt } from './same-data.ts'

interface Comparing {
  world: World
  signal: AbortSignal
  note(line: string): void
}

export type ComparedMember = Facts['members'][number]

const TRIES = 3
const OTHER_CLUSTER = 'it runs another cluster'
const NO_VOLUME = 'it has no volume'

/**
 * Every member has data of its own, and a read is answered by one: each is held against the one that `live` is, at a revision
 * that both have. One that does not answer, or runs another cluster, is not the same until it was compared: it is
 * `unseen`, with the reason.
 */
export async function compareMembers(
  context: Comparing,
  live: EtcdClient,
  revision: number,
): Promise<ComparedMember[]> {
  const { clusterId } = await live.status()
  const members: ComparedMember[] = []
  for (const host of context.world.controlPlane) {
    const found = await patiently(context, { live, revision, clusterId }, host.name)
    const why = found.is === 'unseen' && (await isVolumeless(context.world, host)) ? { why: NO_VOLUME } : {}
    members.push({ node: host.name, ...found, ...why })
  }
  for (const { node, is, why } of members)
    if (is === 'unseen') context.note(`careful: the member on ${node} was not compared: ${why}`)
  return members
}

const isVolumeless = (world: World, host: RemoteHost) => lacksVolume(world, host).catch(() => false)

interface Base {
  live: EtcdClient
  revision: number
  clusterId: string
}

type Found = Omit<ComparedMember, 'node'>
/** What may be otherwise in a moment is asked again before it counts. */
type Asked = Found & { mayPass?: true }

/** After a start members elect a leader anew, and a read in that moment fails. Who is silent is not waited for: nothing serves yet. */
async function patiently(context: Comparing, base: Base, node: string): Promise<Found> {
  const { world, signal } = context
  for (let attempt = 1; ; attempt++) {
    const { mayPass, ...found } = await compare(context, base, node).catch((error) => unseen(signal, error))
    if (!mayPass || attempt === TRIES) return found
    await world.clock.sleep(1000 * attempt, signal)
  }
}

function unseen(signal: AbortSignal, error: unknown): Asked {
  signal.throwIfAborted()
  const { code, message } = toRescueError(error)
  return { is: 'unseen', why: message.slice(0, 500), ...(code === 'ETCD_FAILED' ? { mayPass: true } : {}) }
}

async function compare({ world, signal }: Comparing, base: Base, node: string): Promise<Asked> {
  const { live, revision, clusterId } = base
  const client = await world.live.connect({ node, timeoutMs: 10_000 })
  try {
    if ((await client.status()).clusterId !== clusterId) return { is: 'unseen', why: OTHER_CLUSTER }
    const itsRevision = await caughtUp(client)
    if (itsRevision < revision) return behind('it stands', itsRevision, revision)
    const baseRevision = await caughtUp(live)
    if (baseRevision < itsRevision) return behind('the one that it was compared with stands', baseRevision, itsRevision)
    const same = await sameAt(live, client, revision, signal)
    if (same.is === 'same') return same
    if (same.is === 'unknown' && (await isCompactedInOne(live, client, revision)))
      return { is: 'differs', why: `revision ${count(revision)} is compacted in only one of them`, mayPass: true }
    return { is: same.is === 'differs' ? 'differs' : 'unseen', why: same.why }
  } finally {
    await client.close()
  }
}

/** A linearizable read: a member has then all that the cluster had when it was asked, the revision too, unless it lost writes. */
async function caughtUp(client: EtcdClient): Promise<number> {
  await client.count({ prefix: '/registry/namespaces/' })
  return (await client.status()).revision
}

const behind = (who: string, has: number, wanted: number): Asked => ({
  is: 'differs',
  why: `${who} at revision ${count(has)} of ${count(wanted)} after a linearizable read`,
  mayPass: true,
})

/** Members compact as their log tells them to: what one has compacted, all have after a linearizable read. */
async function isCompactedInOne(live: EtcdClient, client: EtcdClient, revision: number): Promise<boolean> {
  const its = await reachOf(client, revision)
  const others = await reachOf(live, revision)
  return its.isCompacted !== others.isCompacted
}

/**
 * `NOT_VERIFIED` names the members that hold something else than the one that all were held against. Where those that hold what
 * that one does are most of all members they are right; else that one may be the odd one, and it cannot be told. `isProven`: that
 * one was compared with the recovered copy, and is right.
 */
export function mustAllHoldTheSame(
  members: readonly ComparedMember[],
  { next, etcdCluster, isProven = false }: { next: string; etcdCluster: string; isProven?: boolean },
): void {
  const differing = members.filter(({ is }) => is === 'differs')
  if (differing.length === 0) return
  const odd = differing.map(({ node, why }) => `${node} (${why})`).join('; ')
  const same = members.filter(({ is }) => is === 'same').map(({ node }) => node)
  const fill = differing.map(({ node }) => rejoinCommand(node, etcdCluster, 'no')).join(', then ')
  if (!isProven && same.length < quorumOf(members.length)) throw cannotTell(same, odd, next)
  throw new RescueError('NOT_VERIFIED', `not all members hold the same: another one than the others is ${odd}`, {
    hint: `what the other members hold is right; let them fill it anew: ${fill}; then: ${next}`,
  })
}

/** Who is emptied and filled by the wrong ones loses what only he has. */
function cannotTell(same: readonly string[], odd: string, next: string): RescueError {
  const base = same.length === 0 ? 'the one that they were compared with' : same.join(' and ')
  return new RescueError(
    'NOT_VERIFIED',
    `not all members hold the same, and no majority tells which is right: ${base} may be the odd one, or those that differ from it are: ${odd}`,
    {
      hint: `empty none of them yet; compare two at a time, as etcd-rescue diff does with the copies that etcd-rescue scan lists; then seed all from the one that is right: etcd-rescue recover --method seed-in-place --copy NODE:TOKEN; to compare again: ${next}`,
    },
  )
}

/** What is typed for each member that was not compared: at the run's end, where it is read. */
export function nextForUnseen({ members }: Partial<Pick<Facts, 'members'>>, etcdCluster: string): string[] {
  return (members ?? []).flatMap(({ node, is, why }) => {
    if (is !== 'unseen') return []
    const command =
      why === OTHER_CLUSTER || why === NO_VOLUME
        ? rejoinCommand(node, etcdCluster)
        : `etcd-rescue run verify-members${ofCluster(etcdCluster)}`
    const comment =
      why === NO_VOLUME ? `${node} has no volume: once it has one` : `the member on ${node} was not compared: ${why}`
    return [`${command}   # ${comment}`]
  })
}
