import type { Lab } from './lab.ts'
import { waitFor } from './wait.ts'

export const MARKER = 'control/etcd-cluster-created'
export const SPEC = 'control/etcd-cluster-spec'

/**
 * What the lifecycle rule of the incident did: both control files gone, the backups stay. On S3 by a real rule that
 * acts; on disk, which knows no rules, by deleting.
 */
export async function loseControlFiles(lab: Lab): Promise<void> {
  if (lab.expire === undefined) {
    for (const key of [MARKER, SPEC]) await lab.store.remove(key, { allVersions: true })
    return
  }
  await lab.expire('control/')
  for (const key of [MARKER, SPEC]) {
    await waitFor(`the rule removes ${key}`, 30_000, async () => ((await lab.store.head(key)) ? undefined : true))
  }
  await lab.stopExpiring()
}

/** What `kops update cluster --yes` does here: it writes the spec, in kOps' form, and never the marker (FACTS 1, 3). */
export async function kopsUpdateCluster(lab: Lab): Promise<void> {
  const spec = { memberCount: 3, etcdVersion: lab.settings.release.version }
  await lab.store.write(SPEC, Buffer.from(JSON.stringify(spec, null, 2)))
}

/** Names of the backups in the store that have a meta, oldest first. */
export async function backupNames(lab: Lab): Promise<string[]> {
  const names: string[] = []
  for (const name of await lab.store.listFolders('')) {
    if (name !== 'control' && (await lab.store.head(`${name}/_etcd_backup.meta`)) !== undefined) names.push(name)
  }
  return names
}
