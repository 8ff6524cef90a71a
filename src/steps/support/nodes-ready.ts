import { RescueError, toRescueError } from '../../errors/rescue-error.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'
import type { World } from '../../ports/world.ts'
import { quorumOf } from './quorum.ts'

/** What is so when the restore command is refused: behind the fence, and without it. */
export const NO_COMMAND =
  'no command was given, and etcd is as it was; API servers that are fenced stay stopped until you type: etcd-rescue unfence'

/** A restore needs a quorum of etcd-managers; who is away when the leader acts is left out and stuck (FACTS 4). */
export async function checkQuorum(world: World, memberCount: number, asItIs = NO_COMMAND): Promise<void> {
  const answers = await Promise.all(world.controlPlane.map(answersOrWhy))
  const silent = answers.filter((answer) => answer !== undefined)
  const needed = quorumOf(memberCount)
  const there = world.controlPlane.length - silent.length
  if (there >= needed) return
  throw new RescueError(
    'PRECONDITION',
    `only ${there} of ${memberCount} control-plane nodes answer: ${silent.join('; ')}`,
    { hint: `bring at least ${needed} of them back first; ${asItIs}` },
  )
}

/** An etcd-manager without its volume answers, and takes no part. `seated`: the nodes that have theirs. */
export function checkSeated(seated: readonly string[], memberCount: number, asItIs = NO_COMMAND): void {
  const needed = quorumOf(memberCount)
  if (seated.length >= needed) return
  throw new RescueError(
    'PRECONDITION',
    `only ${seated.length} of ${memberCount} control-plane nodes have a volume of etcd-manager: ${seated.join(', ')}`,
    { hint: `attach the disks of at least ${needed} of them first; ${asItIs}` },
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
