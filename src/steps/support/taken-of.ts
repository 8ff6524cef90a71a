import type { StepContext } from '../../engine/step.ts'
import type { Backup } from '../../etcd-manager/backups.ts'
import type { EtcdClient } from '../../ports/etcd.ts'
import { type LookedInto, lookIntoBackup } from './backup-content.ts'

type Ctx = Pick<StepContext<unknown, unknown>, 'world' | 'signal' | 'progress'>

/** Looks into each backup once, however often it is asked for. */
export function backupReader({ world, signal, progress }: Ctx): (backup: Backup) => Promise<LookedInto> {
  const looked = new Map<string, Promise<LookedInto>>()
  return (backup) => {
    const known = looked.get(backup.name)
    if (known) return known
    const onBytes = (total: number) => progress(backup.name, total)
    const looking = lookIntoBackup(world, backup, { signal, onBytes })
    looked.set(backup.name, looking)
    // a store that failed is asked again
    looking.catch(() => looked.delete(backup.name))
    return looking
  }
}

/** The ids of the members of the cluster that answers: another cluster has none of them. */
export async function memberIds(client: Pick<EtcdClient, 'members'>): Promise<Set<string>> {
  return new Set((await client.members()).map(({ id }) => id))
}

/**
 * Whether a backup was taken of the cluster with these members. The first backup after a restore command can be of the
 * empty cluster (FACTS 4), and one that was begun before a recovery can end after it; neither name nor time tells. A backup
 * that does not say its members is not known to be.
 */
export const isTakenOf = ({ members = [] }: Pick<LookedInto, 'members'>, ids: ReadonlySet<string>): boolean =>
  members.some((id) => ids.has(id))
