import { count } from '../words/numbers.ts'
import type { Compared, DrillResult } from './run-result.ts'
import { tableLines } from './table.ts'
import { amount } from './text.ts'

/** What `drill --compare` prints. */
export interface CompareResult {
  methods: DrillResult[]
  /** Left out, because so many nodes have lost the data. */
  impossible: { method: string; why: string }[]
  /** How many times faster than life etcd-manager ran: its own restores took less by about that. */
  speed: number
}

const COLUMNS = [
  'method',
  'outage s',
  'writes lost',
  'revision before',
  'after',
  'leases kept',
  'members',
  'moved',
  'data',
]

/** The methods side by side, one line each. */
export function compareLines({ methods, impossible, speed }: CompareResult): string[] {
  const rows = [...impossible.map(({ method }) => [method, 'not possible']), ...methods.map(rowOf)]
  const bent = `etcd-manager ran ${speed} times faster than life: with --speed 1 restores through it take about so much longer`
  return [
    ...tableLines(COLUMNS, rows),
    ...impossible.map(({ method, why }) => `${method}: ${why}`),
    ...(speed === 1 ? [] : [bent]),
  ]
}

function rowOf({ runbook, status, incident, compared, movedBytes, workloads }: DrillResult): string[] {
  if (compared === undefined) return [runbook, status]
  const { outageSeconds, writesLost, revision, leasesKept, leasesExpected, membersServing, sameMembers } = compared
  const stopped = workloads?.deleted ? `, ${count(workloads.deleted)} PODS STOPPED` : ''
  return [
    runbook,
    outageSeconds === undefined ? '?' : outageSeconds.toFixed(1),
    count(writesLost),
    count(incident.revision),
    count(revision),
    `${count(leasesKept)} of ${count(leasesExpected)}`,
    `${count(membersServing)} ${sameMembers ? 'the same' : 'new'}`,
    movedBytes === undefined ? '?' : amount(movedBytes, 'bytes'),
    `${dataOf(compared)}${stopped}`,
  ]
}

function dataOf({ digestMatches, restIsSame }: Compared): string {
  if (digestMatches) return 'the same'
  return restIsSame ? 'the same but for these writes' : 'DIFFERENT'
}
