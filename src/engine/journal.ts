import { type FileHandle, open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { RescueError } from '../errors/rescue-error.ts'
import type { Target } from '../ports/target.ts'
import { readJournal } from './journal-read.ts'
import { fileError, makeDir, syncDir } from './local-file.ts'
import type { JournalRecord, NewRecord, RunHeader } from './records.ts'
import { newRunId } from './run-id.ts'
import { apply, newState, type RunState } from './state.ts'
import { takeWriterLock } from './writer-lock.ts'

/** The memory of one run. `state` is always what the lines say, also those not yet on disk. */
export interface Journal {
  readonly header: RunHeader
  readonly state: RunState
  /** `<workDir>/runs/<run id>`; absent for a journal in memory. */
  readonly dir?: string
  /** Resolves when the line is written; with `flush` when it is on the disk. `DISK_FULL` or `LOCAL_FILE` otherwise. */
  append(record: NewRecord, options?: { flush?: boolean }): Promise<void>
  close(): Promise<void>
}

export interface NewRun {
  runbook: { name: string; file: string; text: string }
  inputs: Record<string, unknown>
  target: Target
  /** Version of this tool. */
  tool: string
  now?: () => Date
}

export interface OpenOptions {
  now?: () => Date
  breakLock?: boolean
}

export const runDirOf = (workDir: string, id: string) => join(workDir, 'runs', id)
export const JOURNAL_FILE = 'journal.ndjson'

function headerOf({ runbook, inputs, target, tool }: NewRun, now: Date): RunHeader {
  const { name, file, text } = runbook
  return {
    type: 'run',
    version: 1,
    run: newRunId(now),
    at: now.toISOString(),
    tool,
    runbook: { name, file, text },
    inputs,
    target,
  }
}

/**
 * Begins a run on disk. The first line appears whole or not at all, so a run that can be seen can be read. `PRECONDITION`
 * where the work directory allows none: there is nothing yet that could be resumed.
 */
export async function createJournal(workDir: string, run: NewRun): Promise<Journal> {
  const now = run.now ?? (() => new Date())
  const header = headerOf(run, now())
  const dir = runDirOf(workDir, header.run)
  try {
    await makeDir(dir)
    const release = await takeWriterLock(dir, header.run)
    const path = join(dir, JOURNAL_FILE)
    const handle = await open(`${path}.part`, 'ax', 0o600)
    await handle.writeFile(`${JSON.stringify(header)}\n`)
    await handle.datasync()
    await rename(`${path}.part`, path)
    await syncDir(dir)
    return fileJournal({ header, dir, handle, release, now, state: newState() })
  } catch (cause) {
    throw noRoomForRuns(cause, dir)
  }
}

/** Whether a work directory will take a run, before anything is looked at for one: `PRECONDITION` where it will not. */
export async function checkWorkDir(workDir: string): Promise<void> {
  const dir = join(workDir, 'runs')
  await makeDir(dir).catch((cause) => {
    throw noRoomForRuns(cause, dir)
  })
}

function noRoomForRuns(cause: unknown, dir: string): RescueError {
  const { message, hint } = fileError(cause, dir)
  return new RescueError('PRECONDITION', `no run can be kept in the work directory: ${message}`, { hint, cause })
}

/**
 * Opens a run to go on with it: `RUN_UNKNOWN`, `JOURNAL_INVALID`, or `LOCKED` while another process writes it, or may write
 * it where nobody here can see. `breakLock`: the operator says that one there is gone. A torn last line is cut off: what it
 * was about had not begun.
 */
export async function openJournal(workDir: string, id: string, options: OpenOptions = {}): Promise<Journal> {
  const { now = () => new Date(), breakLock = false } = options
  const dir = runDirOf(workDir, id)
  await readJournal(workDir, id)
  const release = await takeWriterLock(dir, id, { breakLock })
  try {
    // Read again: until the lock was taken, its last writer may have gone on.
    const { header, records, goodBytes } = await readJournal(workDir, id)
    const handle = await open(join(dir, JOURNAL_FILE), 'r+')
    await handle.truncate(goodBytes)
    await handle.close()
    const state = newState()
    for (const record of records) apply(state, record)
    return fileJournal({ header, dir, handle: await open(join(dir, JOURNAL_FILE), 'a', 0o600), release, now, state })
  } catch (error) {
    await release()
    throw fileError(error, dir)
  }
}

/** For dry runs and tests: leaves nothing on disk. */
export function memoryJournal(run: NewRun): Journal & { records: JournalRecord[] } {
  const now = run.now ?? (() => new Date())
  const state = newState()
  const records: JournalRecord[] = []
  return {
    header: headerOf(run, now()),
    state,
    records,
    append: async (record) => {
      const stamped = JSON.parse(JSON.stringify({ at: now().toISOString(), ...record })) as JournalRecord
      records.push(stamped)
      apply(state, stamped)
    },
    close: async () => {},
  }
}

interface Open {
  header: RunHeader
  dir: string
  handle: FileHandle
  release(): Promise<void>
  now(): Date
  state: RunState
}

function fileJournal({ header, dir, handle, release, now, state }: Open): Journal {
  let last: Promise<void> = Promise.resolve()
  let broken: RescueError | undefined
  const write = async (line: string, flush: boolean) => {
    if (broken) throw broken
    try {
      await handle.appendFile(line)
      if (flush) await handle.datasync()
    } catch (error) {
      // Half a line may stand there now; another one after it would make it damage in the middle.
      broken = fileError(error, join(dir, JOURNAL_FILE))
      throw broken
    }
  }
  return {
    header,
    state,
    dir,
    append: (record, { flush = false } = {}) => {
      const line = JSON.stringify({ at: now().toISOString(), ...record })
      const next = last
        .then(() => write(`${line}\n`, flush))
        .then(() => apply(state, JSON.parse(line) as JournalRecord))
      last = next.catch(() => {})
      return next
    },
    close: async () => {
      await last
      await handle.close()
      await release()
    },
  }
}
