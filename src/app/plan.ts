import { renderPlan } from '../runbook/index.ts'
import { planFor, type RunbookChoice } from './runbooks.ts'
import type { Session } from './session.ts'

/** What `plan --json` prints. */
export interface PlanValue {
  runbook: string
  cluster: string
  etcdCluster: string
  inputs: Record<string, unknown>
  steps: {
    id: string
    title: string
    effect: string
    confirm: string
    reads: readonly string[]
    changes: readonly string[]
    skip?: string
  }[]
}

/** A plan as value and as text. Reads the runbook and the configuration, and nothing else. */
export async function plan(session: Session, choice: RunbookChoice): Promise<{ value: PlanValue; lines: string[] }> {
  const made = await planFor(session, choice)
  const steps = made.items.map(({ id, title, effect, confirm, reads, changes, skip }) => ({
    id,
    title,
    effect,
    confirm,
    reads,
    changes,
    ...(skip === undefined ? {} : { skip }),
  }))
  const { runbook, cluster, etcdCluster, inputs } = made
  return { value: { runbook: runbook.name, cluster, etcdCluster, inputs, steps }, lines: renderPlan(made) }
}
