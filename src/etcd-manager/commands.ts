import { RescueError } from '../errors/rescue-error.ts'
import type { ObjectInfo, ObjectStore } from '../ports/object-store.ts'
import { faultOf } from './backups.ts'
import { type ClusterSpec, clusterSpecFields } from './cluster-spec.ts'
import { checkBackupName, rfc3339, unixNanos } from './names.ts'
import { type Fields, readProtojson } from './protojson.ts'

export const CONTROL_PREFIX = 'control/'
const COMMAND_FILE = '_command.json'
const MAX_COMMANDS = 100
const MAX_BYTES = 64 * 1024

/** A command that etcd-manager carries out at its next leader start; several run oldest first (FACTS 3). */
export interface PendingCommand {
  key: string
  version: string
  /** Unix nanoseconds as a decimal string; '0' when not given. The order of execution. */
  timestamp: string
  /** What it restores; absent for a command of another kind or one that cannot be read. */
  backup?: string
  clusterSpec?: Partial<ClusterSpec>
  /** Why etcd-manager cannot read it. It then can read none, and does nothing at all. */
  problem?: string
}

export interface RestoreCommand {
  /** The backup's name: one folder of the store. */
  backup: string
  clusterSpec: ClusterSpec
  now: Date
}

const commandFields = {
  timestamp: 'int64',
  restoreBackup: { clusterSpec: clusterSpecFields, backup: 'string' },
} as const satisfies Fields

/** Where a command given at this time is written. One second has one place: a second command would replace the first. */
export function commandKey(now: Date): string {
  return `${CONTROL_PREFIX}${rfc3339(now)}-000000/${COMMAND_FILE}`
}

/** The file that makes etcd-manager restore a backup, as `etcd-manager-ctl restore-backup` writes it (FACTS 3). */
export function encodeRestoreCommand({ backup, clusterSpec, now }: RestoreCommand): Buffer {
  const { memberCount, etcdVersion } = clusterSpec
  const restoreBackup = { clusterSpec: { memberCount, etcdVersion }, backup: checkBackupName(backup) }
  return Buffer.from(JSON.stringify({ timestamp: String(unixNanos(now)), restoreBackup }))
}

/**
 * Writes a restore command. **etcd-manager destroys the running cluster when it sees it, before it looks at the backup**
 * (FACTS 4). `COMMAND_PENDING` when another command holds this second's place; writing the same one again is fine.
 */
export async function addRestoreCommand(
  store: ObjectStore,
  key: string,
  command: RestoreCommand,
): Promise<{ version: string }> {
  const body = encodeRestoreCommand(command)
  try {
    return await store.write(key, body, { ifAbsent: true })
  } catch (error) {
    if (!(error instanceof RescueError) || error.code !== 'STORE_CONFLICT') throw error
    const there = await store.read(key, { maxBytes: MAX_BYTES })
    if (there.body.equals(body)) return { version: there.version }
    throw new RescueError('COMMAND_PENDING', `another command was written to ${key} in the same second`, {
      hint: 'look at it with: etcd-rescue control show, then try again',
      cause: error,
    })
  }
}

/** As `addRestoreCommand`, at the place of its own time; gives the key. */
export async function addCommand(
  store: ObjectStore,
  command: RestoreCommand,
): Promise<{ key: string; version: string }> {
  const key = commandKey(command.now)
  return { key, ...(await addRestoreCommand(store, key, command)) }
}

/**
 * Removes a command if it is still the one that was read. A restore that has begun goes on all the same: etcd-manager
 * holds the command in memory until its leader restarts (FACTS 4).
 */
export async function removeCommand(
  store: ObjectStore,
  command: Pick<PendingCommand, 'key' | 'version'>,
): Promise<void> {
  if (!command.key.startsWith(CONTROL_PREFIX) || !command.key.endsWith(`/${COMMAND_FILE}`)) {
    throw new RescueError('USAGE', `${command.key} is not a command file`, {
      hint: 'take it from: etcd-rescue control show',
    })
  }
  await store.remove(command.key, { ifVersion: command.version })
}

/** All pending commands in the order of execution. More than 100 is `STORE_CORRUPT`. */
export async function listCommands(store: ObjectStore, signal?: AbortSignal): Promise<PendingCommand[]> {
  const objects = await store.list(CONTROL_PREFIX, { limit: 10_000, ...(signal && { signal }) })
  const files = objects.filter(({ key }) => key.endsWith(`/${COMMAND_FILE}`))
  if (files.length > MAX_COMMANDS) throw tooMany(store, files.length)
  const commands: PendingCommand[] = []
  for (const file of files) {
    const command = await readCommand(store, file, signal)
    if (command) commands.push(command)
  }
  return commands.sort((a, b) => compare(BigInt(a.timestamp), BigInt(b.timestamp)) || compare(a.key, b.key))
}

async function readCommand(
  store: ObjectStore,
  { key, version: listed }: ObjectInfo,
  signal?: AbortSignal,
): Promise<PendingCommand | undefined> {
  try {
    const { body, version } = await store.read(key, { maxBytes: MAX_BYTES, ...(signal && { signal }) })
    return { key, version, ...parseCommand(body) }
  } catch (error) {
    // removed by etcd-manager between the listing and now
    if (error instanceof RescueError && error.code === 'OBJECT_MISSING') return undefined
    const fault = faultOf(error)
    if (fault) return { key, version: listed, timestamp: '0', problem: fault.problem }
    throw error
  }
}

/** The content of a command file, for people and checks; what etcd-manager would refuse is a `problem`. */
export function parseCommand(body: Buffer): Omit<PendingCommand, 'key' | 'version'> {
  try {
    const { timestamp = 0n, restoreBackup } = readProtojson(body.toString('utf8'), commandFields)
    return { timestamp: String(timestamp), ...restoreBackup }
  } catch (error) {
    return { timestamp: '0', problem: error instanceof Error ? error.message : String(error) }
  }
}

const compare = <T extends bigint | string>(a: T, b: T) => (a < b ? -1 : a > b ? 1 : 0)

function tooMany(store: ObjectStore, count: number): RescueError {
  return new RescueError('STORE_CORRUPT', `${store.url}/${CONTROL_PREFIX} holds ${count} commands`, {
    hint: 'remove what is not wanted: each would run at the next leader start',
  })
}
