import type { RunResult } from '../engine/index.ts'
import { type FactName, type Facts, facts as schemas } from '../steps/facts.ts'
import type { RescueResult } from '../ui/run-result.ts'

export type { CompareResult } from '../ui/drill-compare.ts'
export type { ByHandResult, DrillResult, RescueResult } from '../ui/run-result.ts'

/** A value to print and the exit code that goes with it. */
export interface Outcome<T> {
  value: T
  exitCode: number
}

/** The contract's JSON of a run, from what the engine gives: facts become `source`, `backup` and `verified`. */
export function toRescueResult(result: RunResult): RescueResult {
  const { run, runbook, status, cluster, etcdCluster, steps, error, undoable } = result
  return {
    run,
    runbook,
    status,
    cluster,
    etcdCluster,
    ...sourceOf(result),
    ...backupOf(result),
    ...verifiedOf(result),
    steps,
    ...(error === undefined ? {} : { error }),
    ...(undoable.length === 0 ? {} : { undoable }),
  }
}

function sourceOf(result: RunResult): Pick<RescueResult, 'source'> {
  const copy = fact(result, 'copy')
  if (copy === undefined) return {}
  const restored = fact(result, 'restored')
  const { node, path, token } = copy
  const revision = restored?.revision ?? copy.revision
  return {
    source: {
      node,
      path,
      token,
      ...(revision === undefined ? {} : { revision }),
      ...(restored === undefined ? {} : { keys: restored.keys }),
    },
  }
}

function backupOf(result: RunResult): Pick<RescueResult, 'backup'> {
  const backup = fact(result, 'backup')
  return backup === undefined ? {} : { backup: { name: backup.name, store: backup.store } }
}

function verifiedOf(result: RunResult): Pick<RescueResult, 'verified'> {
  const verified = fact(result, 'verified')
  return verified === undefined ? {} : { verified }
}

/** A fact, checked: it may come out of an older journal. */
function fact<N extends FactName>({ facts }: RunResult, name: N): Facts[N] | undefined {
  const parsed = schemas[name].safeParse(facts[name])
  return parsed.success ? (parsed.data as Facts[N]) : undefined
}
