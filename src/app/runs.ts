import { listRuns, loadRun, type RunSummary } from '../engine/index.ts'
import { RescueError } from '../errors/rescue-error.ts'
import type { RunDetailsValue } from '../ui/run-details.ts'
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
  const steps = [...state.steps].map(([step, { status, phase, startedAt, seconds, attempts, error }]) => ({
    id: step,
    status: status ?? phase,
    seconds,
    attempts,
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(error === undefined ? {} : { error }),
  }))
  const notes = records.flatMap((record) =>
    record.type === 'event' ? [{ at: record.at, step: record.step, line: record.line }] : [],
  )
  return { ...summary, inputs: header.inputs, target: header.target, tool: header.tool, steps, notes }
}

/** The run that an operator means who names none: the newest. */
export async function newestRun(workDir: string): Promise<string> {
  const [newest] = await listRuns(workDir)
  if (newest !== undefined) return newest.run
  throw new RescueError('RUN_UNKNOWN', `there are no runs in ${workDir}`, {
    hint: 'start one: etcd-rescue recover; or name another --work-dir',
  })
}
