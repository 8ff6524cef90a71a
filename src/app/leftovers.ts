import { readlinkSync } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { dirScratch } from '../adapters/scratch/index.ts'
import { isAlive, ownMark } from '../engine/index.ts'
import { many, bytes as sizeOf } from '../words/numbers.ts'

/** Of single commands; runs have theirs beside their journals, and those can be resumed. */
export const temporaryDir = (workDir: string) => join(workDir, 'tmp')

/** Which process a directory is of, in its name: a killed one cannot tidy up, and the next command must know that it is dead. */
export const ownName = (random: string): string => `${machine()}.${ownMark().replace(' ', '.')}.${random}`

/**
 * A work directory may be shared by machines, and by containers that have the machine's name: a process number says something
 * only where it was given, which is a PID namespace of a machine (pid_namespaces(7)).
 */
const machine = () => `${hostname().slice(0, 60)}-${pidNamespace()}`.replace(/[^\w-]/g, '_')

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid').replace(/\D/g, '')
  } catch {
    return 'none'
  }
}

const OWN = /^([\w-]+)\.(\d+)\.(\d+)\.[0-9a-f]{16}$/

const looked = new Set<string>()

/**
 * What killed commands have left in a work directory: databases of etcd, which hold every Secret. Removed is only what this
 * user's tool has made, on this machine, by a process that is dead; links are never followed. Undefined when there is none.
 */
export async function removeLeftovers(workDir: string): Promise<string | undefined> {
  const found = await leftovers(workDir)
  if (found.length === 0) return undefined
  const removed = await Promise.all(found.map((path) => dirScratch(path).removeAll()))
  const files = removed.reduce((sum, one) => sum + one.files, 0)
  const bytes = removed.reduce((sum, one) => sum + one.bytes, 0)
  return `removed what ${many(found.length, 'killed command')} left in ${temporaryDir(workDir)}: ${many(files, 'file')}, ${sizeOf(bytes)}, which may have held Secrets`
}

async function sayLeftovers(workDir: string): Promise<string | undefined> {
  const { length } = await leftovers(workDir)
  if (length === 0) return undefined
  return `${many(length, 'killed command')} left data, which may hold Secrets, in ${temporaryDir(workDir)}: the next command without --dry-run removes it`
}

/** Once for each work directory in the life of a command. What cannot be removed is said, and keeps no command from its work. */
export async function tidyUp(workDir: string, dryRun: boolean, tell: (line: string) => void): Promise<void> {
  if (looked.has(workDir)) return
  looked.add(workDir)
  try {
    const said = await (dryRun ? sayLeftovers(workDir) : removeLeftovers(workDir))
    if (said !== undefined) tell(said)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    tell(`what killed commands left in ${temporaryDir(workDir)} may hold Secrets and cannot be removed: ${why}`)
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
  const [, on, pid, start] = OWN.exec(name) ?? []
  return on === machine() && !isAlive(`${pid} ${start}`)
}

/** A directory and no link, this user's, and nobody else can put anything there. */
async function isOurs(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined)
  return found?.isDirectory() === true && found.uid === process.getuid?.() && (found.mode & 0o022) === 0
}
