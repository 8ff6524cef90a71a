import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { toRescueError } from '../errors/rescue-error.ts'
import type { EventError, RunStatus } from './events.ts'
import { runDirOf } from './journal.ts'
import { readJournal } from './journal-read.ts'
import type { Living } from './living.ts'
import { codeOf, fileError } from './local-file.ts'
import type { JournalRecord, RunHeader } from './records.ts'
import { isRunId } from './run-id.ts'
import { apply, newState, type RunState } from './state.ts'
import { writerOf } from './writer-lock.ts'

export interface RunSummary {
  run: string
  runbook: string
  cluster: string
  etcdCluster: string
  startedAt: string
  lastAt: string
  /**
   * `interrupted`: its process died; `running`: a process on this machine carries it out now; `elsewhere`: one on another
   * machine or in another container has it, and whether it lives cannot be seen from here.
   */
  status: RunStatus | 'running' | 'elsewhere' | 'interrupted' | 'unreadable'
  attempts: number
  /** What went wrong in the last attempt, or why the journal can't be read. */
  error?: EventError
}

export interface LoadedRun extends RunSummary {
  header: RunHeader
  records: JournalRecord[]
  state: RunState
}

/** All runs in a work directory, newest first. A journal that can't be read is listed as `unreadable`. */
export async function listRuns(workDir: string): Promise<RunSummary[]> {
  const ids = (await namesIn(join(workDir, 'runs'))).filter(isRunId).sort().reverse()
  const runs = await Promise.all(ids.map((id) => summaryOf(workDir, id)))
  return runs.filter((run) => run !== undefined)
}

/** One run with everything in its journal. `RUN_UNKNOWN` or `JOURNAL_INVALID`. */
export async function loadRun(workDir: string, id: string): Promise<LoadedRun> {
  const { header, records } = await readJournal(workDir, id)
  const state = newState()
  for (const record of records) apply(state, record)
  const writer = await writerOf(runDirOf(workDir, id))
  const { ended } = state
  return {
    run: id,
    runbook: header.runbook.name,
    cluster: header.target.cluster,
    etcdCluster: header.target.etcdCluster,
    startedAt: header.at,
    lastAt: state.lastAt ?? header.at,
    status: statusOf(writer, ended?.status),
    attempts: state.attempts,
    ...(ended?.error ? { error: ended.error } : {}),
    header,
    records,
    state,
  }
}

function statusOf(writer: Living | undefined, ended: RunStatus | undefined): RunSummary['status'] {
  if (writer === 'alive') return 'running'
  return ended ?? (writer === 'elsewhere' ? 'elsewhere' : 'interrupted')
}

async function summaryOf(workDir: string, id: string): Promise<RunSummary | undefined> {
  try {
    const { header: _h, records: _r, state: _s, ...summary } = await loadRun(workDir, id)
    return summary
  } catch (caught) {
    const { code, message, hint } = toRescueError(caught)
    // A directory without a journal is a run that never began.
    if (code === 'RUN_UNKNOWN') return undefined
    const unknown = { runbook: '?', cluster: '?', etcdCluster: '?', startedAt: '?', lastAt: '?', attempts: 0 }
    return { run: id, ...unknown, status: 'unreadable', error: { code, message, hint } }
  }
}

async function namesIn(dir: string): Promise<string[]> {
  try {
    return await readdir(dir)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw fileError(error, dir)
  }
}
