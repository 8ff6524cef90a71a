/** The composition root's public face: what commands call. Each function takes a `Session` and gives a plain value. */
export { listStoreBackups, verifyBackup } from './app/backups.ts'
export { initConfig, showConfig } from './app/config.ts'
export { showControl } from './app/control.ts'
export { drill } from './app/drill.ts'
export { inspectSource } from './app/inspect.ts'
export { plan } from './app/plan.ts'
export { publishBackup } from './app/publish-backup.ts'
// `recover` is the incident's own runbook, run like any other
export { resumeRun, runRunbook, runRunbook as recover } from './app/recover.ts'
export { findRunbook as validateRunbook, listRunbooks, showRunbook } from './app/runbooks.ts'
export { listEarlierRuns, showRun } from './app/runs.ts'
export { scanCopies } from './app/scan/index.ts'
export { undoEarlierRun } from './app/undo.ts'
