import { readFile } from 'node:fs/promises'
import { renewLock } from './churn.ts'
import { backupNames, loseControlFiles } from './control-files.ts'
import type { Gateway } from './etcd/gateway.ts'
import { allKeys, type Pair } from './etcd/kv.ts'
import { addLandmarks, fill } from './fill.ts'
import { type Identity, identityOf } from './identity.ts'
import type { Lab } from './lab.ts'
import { pathsOf } from './layout.ts'
import { addLeases, type LabLease } from './leases.ts'
import { isVolatile } from './measure.ts'
import { patience, wrong } from './patience.ts'
import { type Losses, trash } from './reseed.ts'
import type { SeedOptions } from './seed.ts'
import { newTally, type Tally } from './tally.ts'
import { trashedOn } from './trashcans.ts'
import { pause, waitFor } from './wait.ts'

/** With the ids that the cluster had, and the highest revision that it acknowledged to anybody. */
export interface Incident extends Identity {
  /** What the cluster held and acknowledged before it was trashed, without the volatile keys: this must come back. */
  expected: Tally
  /** How many of them were written while the end was near; the last are only in the WAL. */
  lateWrites: number
  /** These writes themselves, to count those that are lost. */
  late: readonly Pair[]
  /** Leases of the data, each with its keys. */
  leases: readonly LabLease[]
  /** Writes under way at the kill: ignore these keys when comparing. */
  uncertain: ReadonlySet<string>
  /** Tokens in the trashcan, by node. */
  trashed: Record<string, string[]>
}

/**
 * The incident, in the order in which it happened (FACTS 1): a cluster with data and backups; a lifecycle rule deletes
 * its control files; backups stop without a word; `kops update cluster` writes the spec back; within a loop etcd-manager
 * kills every etcd, moves the data into the trashcan and seeds an empty cluster. Proves at the end that nothing of the
 * data is served. Then more may be lost. Kubelets are held: what they do next is the recovery's affair.
 */
export async function incident(lab: Lab, data: SeedOptions, losses: Losses = {}): Promise<Incident> {
  const { note } = lab.settings
  const leases = await fillAndBackUp(lab, data)
  note('the lifecycle rule deletes the control files')
  await loseControlFiles(lab)
  await silence(lab)
  await lab.pauseApiservers(true)
  lab.pauseKubelets(true)
  const before = await snapshotOfKeys(lab)
  const identity = await withEtcd(lab, identityOf)
  const { acknowledged, revision, uncertain } = await trash(lab, losses)
  for (const { key, value } of acknowledged) before.add(key, value)
  await lab.pauseApiservers(false)
  note('the cluster is empty; the data is in the trashcan')
  return {
    ...identity,
    revision: Math.max(identity.revision, revision),
    leases,
    expected: before.result(),
    lateWrites: acknowledged.length,
    late: acknowledged,
    uncertain: new Set(uncertain),
    trashed: await trashedOn(lab),
  }
}

async function fillAndBackUp(lab: Lab, data: SeedOptions): Promise<LabLease[]> {
  await lab.ready()
  lab.settings.note(`writing ${data.keys} keys`)
  await fill(lab, data)
  await addLandmarks(lab)
  const leases = await withEtcd(lab, async (etcd) => {
    await renewLock(etcd, data.keys)
    return addLeases(etcd)
  })
  await backupTaken(lab)
  return leases
}

async function withEtcd<T>(lab: Lab, use: (etcd: Gateway) => Promise<T>): Promise<T> {
  const gateway = lab.etcd()
  return use(gateway).finally(gateway.close)
}

async function backupTaken(lab: Lab): Promise<void> {
  const before = (await backupNames(lab)).length
  const ms = patience(lab) + 3 * lab.settings.backupSeconds * 1000
  // the first may have been under way, without all of the data
  await waitFor('a backup is taken', ms, async () => ((await backupNames(lab)).length > before + 1 ? true : undefined))
}

const SILENT = 'no cluster spec set - must seed new cluster'

/** Waits until etcd-manager has noticed, then proves that backups have stopped while the cluster serves. */
async function silence(lab: Lab): Promise<void> {
  const { loopSeconds, backupSeconds } = lab.settings
  // The second line: a loop, and with it a backup under way, has ended since the first
  await waitFor('etcd-manager misses its control files', patience(lab), async () =>
    (await timesLogged(lab, SILENT)) >= 2 ? true : undefined,
  )
  const before = await backupNames(lab)
  await pause((backupSeconds + loopSeconds) * 1000)
  const after = await backupNames(lab)
  if (after.length !== before.length) throw wrong('backups went on without the control files')
}

async function timesLogged(lab: Lab, text: string): Promise<number> {
  const controlPlane = lab.nodes.filter((node) => node.role === 'control-plane')
  const logs = await Promise.all(controlPlane.map((node) => readFile(pathsOf(node).etcdLog, 'utf8')))
  return logs.reduce((sum, log) => sum + log.split(text).length - 1, 0)
}

async function snapshotOfKeys(lab: Lab) {
  const tally = newTally()
  const gateway = lab.etcd()
  for await (const { key, value } of allKeys(gateway)) if (!isVolatile(key.toString('utf8'))) tally.add(key, value)
  gateway.close()
  return tally
}
