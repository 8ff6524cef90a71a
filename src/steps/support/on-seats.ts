import { RescueError, toRescueError } from '../../errors/rescue-error.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'
import type { World } from '../../ports/world.ts'
import type { Seat } from '../facts.ts'

/** Does it on every seat at once; waits for all, also when one fails, so that nothing goes on behind an error. */
export async function onSeats<T>(
  world: World,
  seats: readonly Seat[],
  work: (host: RemoteHost, seat: Seat) => Promise<T>,
): Promise<T[]> {
  return onAll(seats, (seat) => work(hostOf(world, seat.node), seat))
}

/** The first error, after all have ended; the others are told in its message. */
export async function onAll<A, T>(all: readonly A[], work: (one: A) => Promise<T>): Promise<T[]> {
  const settled = await Promise.allSettled(all.map(work))
  const failed = settled.filter((one) => one.status === 'rejected').map(({ reason }) => toRescueError(reason))
  const [first, ...others] = failed
  if (first === undefined) return settled.map((one) => (one as PromiseFulfilledResult<T>).value)
  if (others.length === 0) throw first
  throw new RescueError(first.code, [first, ...others].map(({ message }) => message).join('; '), {
    hint: first.hint,
    cause: first,
  })
}

export function hostOf({ controlPlane }: World, node: string): RemoteHost {
  const host = controlPlane.find(({ name }) => name === node)
  if (host) return host
  throw new RescueError('PRECONDITION', `the node ${node} is no longer in the config`, {
    hint: 'add it to nodes.controlPlane in etcd-rescue.yaml and resume the run',
  })
}
