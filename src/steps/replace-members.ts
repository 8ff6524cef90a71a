import { replacesByItself } from '../etcd-manager/replaces.ts'
import { find } from '../node/find.ts'
import { etcdManagerVersions } from '../node/versions.ts'
import { type Context, defineStep } from './define.ts'
import type { Seat } from './facts.ts'
import { hostOf } from './support/on-seats.ts'
import { rejoinCommand } from './support/rejoin-command.ts'
import { removeLost } from './support/remove-lost.ts'

type Ctx = Context<'placement' | 'verified'>

/** A backup comes first, then one cycle for the removal and one for the addition; 95 s were seen. */
const LOOPS = 60

/**
 * Members whose directory is lost: the new etcd-managers replace one with an empty disk by themselves; otherwise the old
 * member is removed, on confirmation, and etcd-manager takes its node in again. Last of all, since the cluster serves
 * without them.
 */
export const replaceMembers = defineStep<'placement' | 'verified'>({
  id: 'replace-members',
  title: 'let the members whose data were lost join again',
  effect: 'change',
  needs: ['placement', 'verified'],
  describe: () => ({
    reads: ['the member list; the version of etcd-manager and the disk of each node without its directory'],
    changes: [
      'only where etcd-manager does not replace it by itself, and asked: member remove of a member that has no data',
    ],
  }),
  act: async (context) => {
    const lost = context.needs.placement.seats.filter(({ source }) => source === undefined)
    if (lost.length === 0) context.note('every member has its own data: there is nobody to replace')
    for (const seat of lost) await replace(context, seat, lost.length)
    return {}
  },
})

async function replace(context: Ctx, seat: Seat, lost: number): Promise<void> {
  const { note, until, world } = context
  if (await isMember(context, seat)) return note(`${seat.node} has joined again as ${seat.name}`)
  // to remove the wrong one could take the quorum away, and one that never was a member is waited for in vain
  if (seat.lostMemberId === undefined) return note(unknownMember(seat, world.target.etcdCluster))
  const { replaces, managerVersion = 'unknown' } = await whoReplaces(context, seat, lost)
  if (replaces === 'unknown')
    note(`whether this etcd-manager (release ${managerVersion.slice(0, 60)}) replaces a member by itself is not known`)
  if (replaces !== 'yes') {
    if (!(await removeLost(context, seat))) return
  } else note(`${seat.node} has an empty disk: its etcd-manager replaces the member by itself`)
  await until({
    name: `${seat.name} on ${seat.node} has joined again and serves`,
    timeoutMs: LOOPS * world.target.loopSeconds * 1000 + 60_000,
    look: async () =>
      (await isMember(context, seat)) ? { done: true, value: true } : { done: false, last: 'it has not joined yet' },
  })
  note(`${seat.node} has joined again as ${seat.name}`)
}

const unknownMember = ({ node }: Seat, etcdCluster: string) =>
  `${node} has no data, and which member it was is not known: if it does not join by itself, take it in: ${rejoinCommand(node, etcdCluster)}`

async function whoReplaces({ world }: Ctx, { node, base }: Seat, lost: number) {
  const host = hostOf(world, node)
  const dirs = ['data', 'data-trashcan'].map((name) => `${base}/${name}`)
  const found = await find(host, dirs, ['-mindepth', '1', '-maxdepth', '1'])
  const { managerVersion } = await etcdManagerVersions(host, world.target.etcdCluster)
  return { replaces: replacesByItself(managerVersion, { isEmpty: found.length === 0 }, lost), managerVersion }
}

/** It is in the list, under another id than the lost one, and answers. */
async function isMember({ world }: Ctx, { node, name, lostMemberId }: Seat): Promise<boolean> {
  try {
    const client = await world.live.connect({ node, timeoutMs: 5000 })
    try {
      await client.count({ prefix: '/registry/namespaces/' })
      const own = (await client.members()).find((member) => member.name === name)
      return own !== undefined && own.id !== lostMemberId
    } finally {
      await client.close()
    }
  } catch {
    return false
  }
}
