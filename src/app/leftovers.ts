import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { dirScratch } from '../adapters/scratch/index.ts'
import { livingOf, ownMark } from '../engine/index.ts'
import type { Emptied } from '../ports/scratch.ts'
import { many, bytes as sizeOf } from '../words/numbers.ts'
import { isOurs } from './ours.ts'
import { overWithData, removeDataOf } from './run-leftovers.ts'

/** Of single commands; runs have theirs beside their journals. */
export const temporaryDir = (workDir: string) => join(workDir, 'tmp')

/** Which process a directory is of, in its name: a killed one cannot tidy up, and the next command must know that it is dead. */
export const ownName = (random: string): string => `${ownMark().replaceAll(' ', '.')}.${random}`

const OWN = /^([\w-]+)\.(\d+)\.(\d+)\.[0-9a-f]{16}$/

const looked = new Set<string>()

export interface TidyOptions {
  /** Says what there is, and removes nothing. */
  dryRun?: boolean
  /** A run whose results this command goes on with. */
  keep?: string | undefined
}

/**
 * What nobody needs any more in a work directory: databases of etcd, which hold every Secret, left by commands that were
 * killed and by runs that are over. Removed is only what this user's tool has made, on this machine, and no living process
 * uses; links are never followed. What was done or is to be done, in sentences.
 */
export async function removeLeftovers(workDir: string, { dryRun = false, keep }: TidyOptions = {}): Promise<string[]> {
  const dirs = await leftovers(workDir)
  const runs = (await overWithData(workDir)).filter((id) => id !== keep)
  if (dryRun) {
    return [
      ...(dirs.length === 0 ? [] : [sayLeft(many(dirs.length, 'killed command'), temporaryDir(workDir))]),
      ...(runs.length === 0
        ? []
        : [sayLeft(many(runs.length, 'run that is over', 'runs that are over'), runs.join(', '))]),
    ]
  }
  const ofCommands = await Promise.all(dirs.map((path) => dirScratch(path).removeAll()))
  const ofRuns = (await Promise.all(runs.map((id) => removeDataOf(workDir, id)))).filter((one) => one !== undefined)
  return [
    ...sayRemoved(many(dirs.length, 'killed command'), temporaryDir(workDir), ofCommands),
    ...sayRemoved(many(ofRuns.length, 'run that is over', 'runs that are over'), join(workDir, 'runs'), ofRuns),
  ]
}

const sayLeft = (who: string, where: string) =>
  `${who} left data, which may hold Secrets, in ${where}: the next command without --dry-run removes it`

function sayRemoved(who: string, where: string, removed: readonly Emptied[]): string[] {
  if (removed.length === 0) return []
  const files = removed.reduce((sum, one) => sum + one.files, 0)
  const bytes = removed.reduce((sum, one) => sum + one.bytes, 0)
  return [`removed what ${who} left in ${where}: ${many(files, 'file')}, ${sizeOf(bytes)}, which may have held Secrets`]
}

/** Once for each work directory in the life of a command. What cannot be removed is said, and keeps no command from its work. */
export async function tidyUp(workDir: string, options: TidyOptions, tell: (line: string) => void): Promise<void> {
  if (looked.has(workDir)) return
  looked.add(workDir)
  try {
    for (const line of await removeLeftovers(workDir, options)) tell(line)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    tell(`what earlier commands left in ${workDir} may hold Secrets and cannot be removed: ${why}`)
  }
}

async function leftovers(workDir: string): Promise<string[]> {
  const dir = temporaryDir(workDir)
  if (!(await isOurs(dir))) return []
  const paths = (await readdir(dir)).filter(isDead).map((name) => join(dir, name))
  const ours = await Promise.all(paths.map(isOurs))
  return paths.filter((_, at) => ours[at])
}

function isDead(name: string): boolean {
  const [, where, pid, start] = OWN.exec(name) ?? []
  return where !== undefined && livingOf(`${where} ${pid} ${start}`) === 'dead'
}
