import { RescueError, toRescueError } from '../../errors/rescue-error.ts'
import { judgeRestore } from '../../etcd-manager/versions.ts'
import { etcdManagerVersions } from '../../node/versions.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'
import type { World } from '../../ports/world.ts'

/** A restore needs a quorum of etcd-managers; who is away when the leader acts is left out and stuck (FACTS 4). */
export async function checkQuorum(world: World, memberCount: number): Promise<void> {
  const answers = await Promise.all(world.controlPlane.map(answersOrWhy))
  const silent = answers.filter((answer) => answer !== undefined)
  const needed = Math.floor(memberCount / 2) + 1
  const there = world.controlPlane.length - silent.length
  if (there >= needed) return
  throw new RescueError(
    'PRECONDITION',
    `only ${there} of ${memberCount} control-plane nodes answer: ${silent.join('; ')}`,
    {
      hint: `bring at least ${needed} of them back first; nothing was changed on the nodes`,
    },
  )
}

async function answersOrWhy(host: RemoteHost): Promise<string | undefined> {
  try {
    await host.run({ effect: 'read', argv: ['true'] })
    return undefined
  } catch (error) {
    return `${host.name}: ${toRescueError(error).message}`
  }
}

interface VersionContext {
  world: World
  note(line: string): void
}

/** Refuses pairs of etcd-manager and backup that end in the restore loop (FACTS 4, versions). */
export async function checkVersions({ world, note }: VersionContext, metaEtcdVersion: string): Promise<void> {
  const doubts = new Map<string, string[]>()
  for (const host of world.controlPlane) {
    const found = await versionsOrWhy(host, world.target.etcdCluster)
    if (typeof found === 'string') {
      note(`${host.name}: versions of etcd-manager and etcd could not be read: ${found}`)
      continue
    }
    const judged = judgeRestore({ ...found, metaEtcdVersion })
    if (!judged.ok) throw new RescueError('VERSION_MISMATCH', `${host.name}: ${judged.why}`, { hint: judged.hint })
    if (judged.doubt) doubts.set(judged.doubt, [...(doubts.get(judged.doubt) ?? []), host.name])
  }
  for (const [doubt, names] of doubts)
    note(`${names.join(', ')}: not certain that etcd-manager can restore it: ${doubt}`)
}

async function versionsOrWhy(host: RemoteHost, etcdCluster: string) {
  try {
    return await etcdManagerVersions(host, etcdCluster)
  } catch (error) {
    return toRescueError(error).message
  }
}
