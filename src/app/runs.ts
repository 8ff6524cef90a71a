import { listRuns, loadRun, type RunSummary } from '../engine/index.ts'
import type { Facts, RunHeader } from '../engine/records.ts'
import { factsOf } from '../engine/state.ts'
import { RescueError } from '../errors/rescue-error.ts'
import { loadRunbook, type Plan, planRunbook } from '../runbook/index.ts'
import type { PlanItem } from '../runbook/types.ts'
import { registry } from '../steps/registry.ts'
import type { RunDetailsValue } from '../ui/run-details.ts'
import { toRescueResult } from './result.ts'
import type { Session } from './session.ts'
import { loadSettings } from './settings.ts'

export type RunEntry = RunSummary
export type RunDetails = RunDetailsValue

/** Earlier runs of this work directory, the newest first. */
export async function listEarlierRuns(session: Session): Promise<RunEntry[]> {
  const { workDir } = await loadSettings(session)
  return listRuns(workDir)
}

/** One run as its journal tells it; without an id the newest. `RUN_UNKNOWN` when there is none. */
export async function showRun(session: Session, id?: string): Promise<RunDetails> {
  const { workDir } = await loadSettings(session)
  const { header, records, state, ...summary } = await loadRun(workDir, id ?? (await newestRun(workDir)))
  const plan = planOf(header)
  const changesOf = (step: string) => plan?.items.find((item) => item.id === step && reaches(item))?.changes ?? []
  const steps = [...state.steps].map(([step, { status, phase, startedAt, seconds, attempts, error }]) => ({
    id: step,
    status: status ?? phase,
    seconds,
    attempts,
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(error === undefined ? {} : { error }),
    changed: mayHaveActed(phase, status) ? changesOf(step) : [],
  }))
  const notes = records.flatMap((record) =>
    record.type === 'event'
      ? [{ at: record.at, step: record.step, kind: record.kind ?? kindOf(record.line), line: record.line }]
      : [],
  )
  const given = Object.entries(header.inputs).filter(([name, value]) => value !== plan?.runbook.inputs[name]?.default)
  return {
    ...summary,
    ...{
      inputs: header.inputs,
      given: Object.fromEntries(given),
      target: header.target,
      tool: header.tool,
      steps,
      notes,
    },
    ...resultOf(summary, factsOf(state)),
  }
}

/** Undefined where the journal's runbook is of another version of this tool. */
function planOf({ runbook, target, inputs }: RunHeader): Plan | undefined {
  try {
    return planRunbook(loadRunbook(runbook, registry), registry, target, inputs)
  } catch {
    return undefined
  }
}

const reaches = ({ effect }: PlanItem) => effect === 'change' || effect === 'irreversible'

const mayHaveActed = (phase: string, status: string | undefined) =>
  phase === 'acting' || phase === 'acted' || (phase === 'finished' && status === 'done')

/** Of a journal that was written before its lines had kinds. */
const kindOf = (line: string) => (/^[$!] \S+: /.test(line) ? 'call' : 'note')

/** What came of it, as the run itself told. */
function resultOf(
  { run, runbook, cluster, etcdCluster, status }: RunSummary,
  facts: Facts,
): Pick<RunDetails, 'result'> {
  if (status !== 'succeeded' && status !== 'failed' && status !== 'cancelled') return {}
  const none = { exitCode: 0, unverified: {}, unchanged: [], changed: [], next: [], left: [], undoable: [], steps: [] }
  return { result: toRescueResult({ run, runbook, cluster, etcdCluster, status, facts, ...none }) }
}

/** The run that an operator means who names none: the newest. */
export async function newestRun(workDir: string): Promise<string> {
  const [newest] = await listRuns(workDir)
  if (newest !== undefined) return newest.run
  throw new RescueError('RUN_UNKNOWN', `there are no runs in ${workDir}`, {
    hint: 'start one: etcd-rescue recover; or name another --work-dir',
  })
}
