import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { dirScratch } from '../adapters/scratch/index.ts'
import { isRunId, loadRun, runDirOf, takeWriterLock, writerOf } from '../engine/index.ts'
import { toRescueError } from '../errors/rescue-error.ts'
import type { Emptied } from '../ports/scratch.ts'
import { isOurs, scratchOf } from './ours.ts'

/**
 * Runs whose fetched data is still there and needed by none: of one that is over, whose runbook removes nothing or which
 * was killed at its end, or of one whose journal is gone. A run that can be resumed needs its own, and what `--only`
 * fetched is for `--run` to go on with.
 */
export async function overWithData(workDir: string): Promise<string[]> {
  const names = await readdir(join(workDir, 'runs')).catch(() => [])
  const ids = names.filter(isRunId)
  const found = await Promise.all(ids.map(async (id) => (await hasData(workDir, id)) && (await isOver(workDir, id))))
  return ids.filter((_, at) => found[at])
}

async function hasData(workDir: string, id: string): Promise<boolean> {
  const dir = runDirOf(workDir, id)
  if (!(await isOurs(dir)) || !(await isOurs(scratchOf(dir)))) return false
  const writer = await writerOf(dir)
  return writer === undefined || writer === 'dead'
}

async function isOver(workDir: string, id: string): Promise<boolean> {
  try {
    const { ended, selection } = (await loadRun(workDir, id)).state
    return ended?.status === 'succeeded' && selection?.only === undefined
  } catch (error) {
    // one that is there and cannot be read may be of a newer version of this tool, which can go on with it
    return toRescueError(error).code === 'RUN_UNKNOWN'
  }
}

/** Undefined when a process has taken the run since, to go on with it. */
export async function removeDataOf(workDir: string, id: string): Promise<Emptied | undefined> {
  const dir = runDirOf(workDir, id)
  const release = await takeWriterLock(dir, id).catch((error: unknown) => {
    if (toRescueError(error).code === 'LOCKED') return undefined
    throw error
  })
  if (release === undefined) return undefined
  try {
    return (await isOver(workDir, id)) ? await dirScratch(scratchOf(dir)).removeAll() : undefined
  } finally {
    await release()
  }
}
