import { toRescueError } from '../../errors/rescue-error.ts'
import { manifestEnv } from '../../node/manifests.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'
import type { World } from '../../ports/world.ts'
import { type Unseen, unseen } from '../../seen/index.ts'
import { bytes } from '../../words/numbers.ts'
import { etcdManagerPod } from './containers.ts'

/** etcd's own default; etcd-manager sets none, and hands on what its environment says (its pkg/etcd/etcdprocess.go). */
export const DEFAULT_BYTES = 2 * 2 ** 30
const QUOTA = 'ETCD_QUOTA_BACKEND_BYTES'
/** With less than this share left, what was disarmed is raised again by the next writes. */
const LEFT = 0.05

/** How large the database of one member is, and may become. */
export interface Space {
  node: string
  bytes: number
  inUseBytes: number
  /** `Infinity`: etcd was told to have none. */
  quotaBytes: number
}

/** Of every member that answers; of the others it is said that they do not. */
export async function spaceOfMembers(world: World, note: (line: string) => void): Promise<Space[]> {
  const found = await Promise.all(
    world.controlPlane.map(async (host) => {
      try {
        return await spaceOn(world, host, note)
      } catch (error) {
        note(`how much room the member on ${host.name} has is not known: ${toRescueError(error).message}`)
        return undefined
      }
    }),
  )
  return found.filter((space) => space !== undefined)
}

async function spaceOn(world: World, host: RemoteHost, note: (line: string) => void): Promise<Space> {
  const client = await world.live.connect({ node: host.name, timeoutMs: 5000 })
  try {
    const { dbSizeBytes, dbSizeInUseBytes } = await client.status()
    const quotaBytes = await quotaOn(world, host, note)
    return { node: host.name, bytes: dbSizeBytes, inUseBytes: dbSizeInUseBytes, quotaBytes }
  } finally {
    await client.close()
  }
}

/** Where it cannot be read, etcd's default is assumed, and said: with a larger one nothing is lost by making room. */
async function quotaOn(world: World, host: RemoteHost, note: (line: string) => void): Promise<number> {
  const quota = await quotaOf(world, host)
  if (quota.is === 'seen') return quota.value
  note(
    `${host.name}: the quota of its etcd is not known (${quota.why}); etcd's default of ${bytes(DEFAULT_BYTES)} is assumed`,
  )
  return DEFAULT_BYTES
}

/** What the manifest of its etcd-manager says, and etcd's default when it says nothing. `Infinity`: none. */
export async function quotaOf({ target }: World, host: RemoteHost): Promise<{ is: 'seen'; value: number } | Unseen> {
  try {
    const said = await manifestEnv(host, etcdManagerPod(target.etcdCluster), QUOTA)
    if (said.is === 'unseen') return said
    if (said.is === 'absent') return { is: 'seen', value: DEFAULT_BYTES }
    if (!/^-?\d{1,18}$/.test(said.value)) return unseen(`${QUOTA} is ${JSON.stringify(said.value.slice(0, 40))}`)
    const bytes = Number(said.value)
    return { is: 'seen', value: bytes < 0 ? Number.POSITIVE_INFINITY : bytes || DEFAULT_BYTES }
  } catch (error) {
    return unseen(toRescueError(error).message)
  }
}

/** One that stands at its quota refuses the next write, and one a little below it the one after. */
export const isFull = ({ quotaBytes }: Pick<Space, 'quotaBytes'>, bytes: number): boolean =>
  bytes >= quotaBytes * (1 - LEFT)

export const sayBytes = (size: number): string => (Number.isFinite(size) ? bytes(size) : 'no limit')
