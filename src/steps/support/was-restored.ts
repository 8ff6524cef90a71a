import type { StepContext } from '../../engine/step.ts'
import { listBackups } from '../../etcd-manager/backups.ts'
import { backupsSince } from './new-backups.ts'
import { backupReader, isTakenOf, memberIds } from './taken-of.ts'

type Ctx = StepContext<unknown, unknown>

interface Before {
  /** Absent when the cluster could not be read then. */
  clusterId: string | null
  /** Names of etcd-manager's own backups of that time. */
  backups: readonly string[]
}

/**
 * Whether the cluster has been replaced since: etcd-manager makes a new one for every restore. Where its id was not known,
 * by the members that its backups name: one was taken since of the cluster that runs, and the last before was not. A new
 * backup alone says nothing, since it can be of the cluster from before (FACTS 4).
 */
export async function wasRestored(context: Ctx, before: Before): Promise<boolean> {
  const { clusterId, members } = await runsNow(context)
  if (before.clusterId !== null) return clusterId !== before.clusterId
  const { store } = context.world
  const read = backupReader(context)
  const last = (await listBackups(store)).findLast(({ name }) => before.backups.includes(name))
  if (last !== undefined && isTakenOf(await read(last), members)) return false
  for (const backup of (await backupsSince(store, before.backups)).complete)
    if (isTakenOf(await read(backup), members)) return true
  return false
}

/** Port 4001 answers some seconds after the command is removed, so this waits; not knowing is an error, not a guess. */
function runsNow({ until, world }: Ctx): Promise<{ clusterId: string; members: Set<string> }> {
  return until({
    name: 'the running etcd says which cluster it is, to find out whether the restore command ran',
    timeoutMs: 12 * world.target.loopSeconds * 1000,
    look: async () => {
      const client = await world.live.connect()
      try {
        const { clusterId } = await client.status()
        return { done: true, value: { clusterId, members: await memberIds(client) } }
      } finally {
        await client.close()
      }
    },
  })
}
