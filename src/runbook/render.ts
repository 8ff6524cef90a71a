import { showWhen } from './expressions.ts'
import type { Plan, PlanItem } from './types.ts'

const MARK = { read: 'reads', local: 'local', change: 'CHANGES', irreversible: 'IRREVERSIBLE' } as const

/** The plan as text lines, for `plan` and before a run. */
export function renderPlan(plan: Plan): string[] {
  const head = `${plan.runbook.title}: ${plan.cluster}, etcd cluster ${plan.etcdCluster}`
  return [head, ...plan.items.flatMap((item, index) => ['', ...itemLines(item, index + 1)])]
}

function itemLines(item: PlanItem, number: number): string[] {
  return [
    `${number}. ${item.id} [${MARK[item.effect]}] ${item.title}`,
    ...item.reads.map((line) => `     reads    ${line}`),
    ...item.changes.map((line) => `     changes  ${line}`),
    ...remarks(item).map((line) => `     ${line}`),
  ]
}

/** What else there is to say of a step: its condition, its question, its group. */
export function remarks(item: PlanItem): string[] {
  return [
    ...(item.skip ? [`skipped: ${item.skip}`] : []),
    ...(item.when ? [`only when ${showWhen(item.when)}`] : []),
    ...(item.confirm === 'ask' ? ['asks before it acts'] : []),
    ...(item.confirm === 'type-cluster' ? ["asks for the cluster's name before it acts"] : []),
    ...(item.group === undefined ? [] : ['runs together with its neighbours']),
  ]
}
