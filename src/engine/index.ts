/** The public face of the engine. Steps import `step.ts`, `until.ts` and `events.ts` only. */
export { reportAnswer, reportCall } from './current-step.ts'
export type { RunOptions, RunResult, StepResult } from './env.ts'
export type { Emit, EngineEvent, EventError, RunStatus, StepEffect, StepStatus } from './events.ts'
export {
  checkWorkDir,
  createJournal,
  type Journal,
  memoryJournal,
  type NewRun,
  openJournal,
  runDirOf,
} from './journal.ts'
export { livingOf, ownMark } from './living.ts'
export { acquireLock, breakLock, type HeldLock, LOCK_KEY, type LockOptions, type Owner, readLock } from './lock.ts'
export type { LockDocument } from './lock-document.ts'
export { runPlan } from './run.ts'
export { isRunId } from './run-id.ts'
export { type LoadedRun, listRuns, loadRun, type RunSummary } from './runs.ts'
export { selectItems } from './select.ts'
export { type StopSwitch, stopSwitch } from './stop.ts'
export { type UndoResult, undoRun } from './undo.ts'
export { takeWriterLock, writerOf } from './writer-lock.ts'
