import type { ObjectStore } from '../../ports/object-store.ts'
import { parseStrict } from './strict-json.ts'

const MARKER = 'control/etcd-cluster-created'
const SPEC = 'control/etcd-cluster-spec'
const COMMAND_FILE = '_command.json'

export interface ClusterSpec {
  memberCount: number
  etcdVersion: string
}

export interface RestoreCommand {
  key: string
  clusterSpec: ClusterSpec
  backup: string
}

export async function optional(store: ObjectStore, key: string): Promise<Buffer | undefined> {
  if ((await store.head(key)) === undefined) return undefined
  return (await store.read(key)).body
}

/** The marker decides alone whether a cluster "exists"; an empty one blocks everything (FACTS 1). */
export async function isNewCluster(store: ObjectStore): Promise<boolean> {
  const body = await optional(store, MARKER)
  if (body === undefined) return true
  if (body.length === 0) throw new Error(`marker file ${store.url}/${MARKER} was unexpectedly empty: <nil>`)
  return false
}

export async function markCreated(store: ObjectStore): Promise<void> {
  const nanoseconds = BigInt(Date.now()) * 1_000_000n
  await store.write(MARKER, Buffer.from(`{"timestamp":${nanoseconds}}`))
}

export async function readSpec(store: ObjectStore): Promise<ClusterSpec | undefined> {
  const body = await optional(store, SPEC)
  return body === undefined ? undefined : toSpec(parseStrict(body, ['memberCount', 'etcdVersion']))
}

/** etcd-manager rewrites kOps' spec with a spacing of its own (FACTS 3). */
export async function writeSpec(store: ObjectStore, spec: ClusterSpec): Promise<void> {
  const body = `{\n  "memberCount":  ${spec.memberCount},\n  "etcdVersion":  ${JSON.stringify(spec.etcdVersion)}\n}`
  await store.write(SPEC, Buffer.from(body))
}

/** All pending commands, oldest first: they all run, one after the other (FACTS 3). */
export async function readCommands(store: ObjectStore): Promise<RestoreCommand[]> {
  const commands: RestoreCommand[] = []
  for (const object of await store.list('control/')) {
    if (!object.key.endsWith(`/${COMMAND_FILE}`)) continue
    const body = parseStrict((await store.read(object.key)).body, ['timestamp', 'restoreBackup'])
    const restore = onlyKeys(body.restoreBackup, ['clusterSpec', 'backup'])
    const clusterSpec = toSpec(onlyKeys(restore.clusterSpec, ['memberCount', 'etcdVersion']))
    commands.push({ key: object.key, clusterSpec, backup: String(restore.backup ?? '') })
  }
  return commands
}

function toSpec(body: Record<string, unknown>): ClusterSpec {
  return { memberCount: Number(body.memberCount ?? 0), etcdVersion: String(body.etcdVersion ?? '') }
}

function onlyKeys(value: unknown, known: string[]): Record<string, unknown> {
  return parseStrict(Buffer.from(JSON.stringify(value ?? {})), known)
}
