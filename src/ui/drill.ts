import { count, many } from '../words/numbers.ts'
import { type ByHandResult, type Compared, type DrillResult, type IncidentRecord, runLines } from './run-result.ts'
import { duration } from './text.ts'

/** A drill's result in a few lines on stdout. */
export function drillLines(result: DrillResult | ByHandResult): string[] {
  const { incident, compared } = result
  if (!('run' in result)) return comparedLines(result)
  const before = `before the incident: ${many(incident.keys, 'key')} (etcd ${incident.etcdVersion}, store ${incident.store})`
  return [
    ...runLines(result),
    before,
    ...(compared ? comparedLines({ incident, compared }) : []),
    ...workloadLines(result),
    ...(result.directory ? [`the sandbox is in ${result.directory}`] : []),
  ]
}

function comparedLines({ incident, compared }: { incident: IncidentRecord; compared: Compared }): string[] {
  const { keysExpected, keysFound, digestMatches, revision, sameMembers, leasesExpected, leasesKept } = compared
  const rest = compared.restIsSame ? 'every other value the same' : 'KEYS OR VALUES DIFFER'
  const outcome = digestMatches ? 'every value the same' : rest
  const lost = compared.writesLost === 0 ? 'none' : count(compared.writesLost)
  const outage = compared.outageSeconds === undefined ? [] : [`  etcd was away for ${duration(compared.outageSeconds)}`]
  return [
    `the drill's own comparison: ${count(keysFound)} of ${count(keysExpected)} keys, ${outcome}`,
    `  acknowledged writes lost: ${lost}`,
    `  revision: ${count(incident.revision)} before, ${count(revision)} now`,
    `  leases with their keys: ${count(leasesKept)} of ${count(leasesExpected)}`,
    `  members: ${count(compared.membersServing)} of ${count(incident.memberIds.length)} serve, ${sameMembers ? 'with the same ids' : 'with other ids than before'}`,
    ...outage,
  ]
}

function workloadLines({ workloads }: DrillResult): string[] {
  if (!workloads || workloads.before === 0) return []
  const { before, deleted } = workloads
  return [`pods on the workers: ${deleted === 0 ? `all ${count(before)} still run` : `${count(deleted)} WERE STOPPED`}`]
}
