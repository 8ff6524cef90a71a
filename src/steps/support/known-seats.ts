import { RescueError, toRescueError } from '../../errors/rescue-error.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'
import type { Target } from '../../ports/target.ts'
import { unseen } from '../../seen/index.ts'
import { isAway } from './away.ts'
import type { Held } from './copies.ts'
import { lacksVolume } from './no-volume.ts'
import { seatOn } from './seat.ts'
import type { KnownSeat, KnownSeats } from './seat-seen.ts'

/** It answered the first look: what it does not answer now is not known, and the other nodes have still told. */
const UNTOLD: readonly string[] = [
  'PRECONDITION',
  'HOST_COMMAND',
  'HOST_OUTPUT',
  'HOST_CONNECTION_LOST',
  'HOST_SUDO',
  'HOST_AUTH',
]

/** Which volume the etcd-manager of each node that answers uses, before anything is chosen. One that cannot be reached takes no part. `said`: by the operator. */
export async function knownSeats(
  target: Target,
  hosts: readonly RemoteHost[],
  copies: readonly (Held & { node: string })[],
  said: ReadonlyMap<string, string> = new Map(),
): Promise<KnownSeats> {
  const seat = async (host: RemoteHost): Promise<KnownSeat> => {
    const own = copies.filter(({ node }) => node === host.name)
    try {
      return { is: 'seen', value: await seatOn({ target }, host, own, said.get(host.name)) }
    } catch (error) {
      if (toRescueError(error).code === 'PRECONDITION' && (await lacksVolume({ target }, host))) return { is: 'absent' }
      throw error
    }
  }
  const look = async (host: RemoteHost): Promise<KnownSeat | undefined> => {
    try {
      return await seat(host)
    } catch (error) {
      if (isAway(error)) return undefined
      const { code, message, hint = '' } = toRescueError(error)
      if (!(error instanceof RescueError) || !UNTOLD.includes(code)) throw error
      return { ...unseen(message), hint }
    }
  }
  const all = await Promise.all(hosts.map(async (host) => [host.name, await look(host)] as const))
  return new Map(all.flatMap(([name, seat]) => (seat === undefined ? [] : [[name, seat] as const])))
}
