import { RescueError } from '../../errors/rescue-error.ts'
import type { World } from '../../ports/world.ts'

/**
 * What one step makes for the next on this machine (fetched, replayed, made a snapshot) is not synced to the disk, where
 * it can be told afterwards whether the machine went on running: that it is whole outlives a killed process, and not a
 * power cut. So its fact names the boot that it was made in, and who uses it asks here first. What must outlast that
 * (the backup to be published, copies set aside, the journal) is synced.
 */
export interface Made {
  /** Absent: synced. */
  boot?: string | undefined
}

/** The boot to name in a fact; undefined where there is no telling, and everything is to be synced. */
export async function thisBoot(world: World): Promise<Required<Made> | Record<string, never>> {
  const boot = await world.scratch.boot()
  return boot === undefined ? {} : { boot }
}

/**
 * Refuses with `PRECONDITION` what was made before this machine was started again. All of it is made anew then, from the
 * fetching on: what one step made of another's file is no newer than that.
 */
export async function mustBeOfThisBoot(
  { world, runId }: { world: World; runId: string },
  { boot }: Made,
): Promise<void> {
  if (boot === undefined || boot === (await world.scratch.boot())) return
  throw new RescueError(
    'PRECONDITION',
    'this machine was started again since the copy was fetched, and what lies here of it may not be whole',
    { hint: `the original is on its node; fetch it anew: etcd-rescue recover --run ${runId} --from fetch-member` },
  )
}
