import type { Incident, Lab } from '../lab/index.ts'
import type { Compared, DrillResult, IncidentRecord } from '../ui/run-result.ts'

/** These put whole members back, so nothing may be lost; the others put keys again and lose revisions and leases. */
const IN_PLACE: readonly string[] = ['return-in-place', 'seed-in-place']

/** A backup was taken before the last writes. */
const BACKUP = 'restore-backup'

type Place = Pick<IncidentRecord, 'etcdVersion' | 'store' | 'seconds'>

export function toRecord({ expected, revision, memberIds, leases }: Incident, place: Place): IncidentRecord {
  return { ...expected, ...place, revision, memberIds, leases: leases.length }
}

/** The cluster as it is now beside what was recorded before the incident; does not trust what the runbook verified. */
export async function compare(lab: Lab, incident: Incident): Promise<Compared> {
  const { survey } = await import('../lab/index.ts')
  const { expected, memberIds, leases } = incident
  // members that lost their disks join in their own time
  const membersServing = await lab.countServing()
  const found = await survey(lab, incident)
  return {
    keysExpected: expected.keys,
    keysFound: found.keys,
    digestMatches: found.keys === expected.keys && found.digest === expected.digest,
    revision: found.revision,
    membersServing,
    sameMembers: found.memberIds.join() === memberIds.join(),
    leasesExpected: leases.length,
    leasesKept: found.leasesKept,
    writesLost: found.writesLost,
    restIsSame: found.restIsSame,
  }
}

/** Whether a recovery by this runbook brought back all that it has to, and nothing that ran was stopped. */
export function isRight({ runbook, incident, compared, workloads }: Judged): boolean {
  if (workloads !== undefined && workloads.deleted > 0) return false
  if (compared === undefined) return true
  if (runbook === BACKUP ? !compared.restIsSame : !compared.digestMatches) return false
  if (compared.membersServing < incident.memberIds.length) return false
  if (!IN_PLACE.includes(runbook)) return true
  const { revision, leasesKept, leasesExpected, writesLost } = compared
  return revision >= incident.revision && leasesKept === leasesExpected && writesLost === 0
}

type Judged = Pick<DrillResult, 'runbook' | 'incident' | 'compared' | 'workloads'>
