import { openJournal, type UndoResult, undoRun } from '../engine/index.ts'
import { loadRunbook, planRunbook } from '../runbook/index.ts'
import { registry } from '../steps/registry.ts'
import { withWorld } from './execute.ts'
import { withTools } from './recover.ts'
import type { Outcome } from './result.ts'
import { newestRun } from './runs.ts'
import type { Session } from './session.ts'
import { loadSettings } from './settings.ts'

export type { UndoResult } from '../engine/index.ts'

/** Takes back what a failed or stopped run did, up to its last step that can't be taken back. */
export async function undoEarlierRun(session: Session, id?: string): Promise<Outcome<UndoResult>> {
  const config = await loadSettings(session)
  const { breakLock } = session
  const journal = await openJournal(config.workDir, id ?? (await newestRun(config.workDir)), { breakLock })
  const { runbook, inputs } = journal.header
  const target = withTools(journal.header.target, config)
  const plan = planRunbook(loadRunbook(runbook, registry), registry, target, inputs)
  const value = await withWorld(session, { config, target, plan, journal }, (world, options) =>
    undoRun(plan, world, journal, options),
  )
  return { value, exitCode: value.exitCode }
}
