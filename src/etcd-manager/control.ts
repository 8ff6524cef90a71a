import { RescueError } from '../errors/rescue-error.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import { faultOf } from './backups.ts'
import { type ClusterSpec, clusterSpecFields, wholeSpec } from './cluster-spec.ts'
import { CONTROL_PREFIX, listCommands, type PendingCommand } from './commands.ts'
import type { ControlState } from './judge-control.ts'
import { unixNanos } from './names.ts'
import { readProtojson } from './protojson.ts'

export type { ClusterSpec } from './cluster-spec.ts'
export { type ControlState, type ControlVerdict, judgeControl, repairOrder } from './judge-control.ts'

/** The marker: "this cluster was made". Without it, and with a spec, the leader trashes the data (FACTS 1). */
export const CREATED_KEY = `${CONTROL_PREFIX}etcd-cluster-created`
export const SPEC_KEY = `${CONTROL_PREFIX}etcd-cluster-spec`
const MAX_BYTES = 64 * 1024

export interface ControlFile {
  state: ControlState
  /** For `ifVersion` writes; absent when missing. */
  version?: string
  /** At most 64 KiB; absent when missing or longer. */
  raw?: string
  /** Why it is unreadable, and what to do about it where that is known. */
  problem?: string
  hint?: string
}

export interface ControlFiles {
  created: ControlFile
  spec: ControlFile & { value?: ClusterSpec }
  /** In the order in which they would run. */
  commands: PendingCommand[]
}

/** Reads the control files and pending commands of a backup store. What is wrong with one file is its
 * `problem`; errors of the store itself (`STORE_*`) are thrown. */
export async function readControl(store: ObjectStore, signal?: AbortSignal): Promise<ControlFiles> {
  const [created, spec, commands] = await Promise.all([
    readFile(store, CREATED_KEY, signal),
    readFile(store, SPEC_KEY, signal),
    listCommands(store, signal),
  ])
  return { created, spec: parseSpec(spec), commands }
}

async function readFile(store: ObjectStore, key: string, signal?: AbortSignal): Promise<ControlFile> {
  try {
    const { body, version } = await store.read(key, { maxBytes: MAX_BYTES, ...(signal && { signal }) })
    return { state: body.length === 0 ? 'empty' : 'present', version, raw: body.toString('utf8') }
  } catch (error) {
    if (!(error instanceof RescueError)) throw error
    if (error.code === 'OBJECT_MISSING') return { state: 'missing' }
    const fault = faultOf(error)
    if (!fault) throw error
    const { problem, hint, code } = fault
    return { state: code === 'OBJECT_UNREADABLE' ? 'unseen' : 'unreadable', problem, ...(hint && { hint }) }
  }
}

function parseSpec(file: ControlFile): ControlFiles['spec'] {
  if (file.state !== 'present') return file
  try {
    return { ...file, value: wholeSpec(readProtojson(file.raw ?? '', clusterSpecFields)) }
  } catch (error) {
    return { ...file, state: 'unreadable', problem: error instanceof Error ? error.message : String(error) }
  }
}

/** The marker in etcd-manager's own form. Any non-empty bytes do (FACTS 1). */
export function encodeCreated(now: Date): Buffer {
  return Buffer.from(`{"timestamp":${unixNanos(now)}}`)
}

/** The spec in kOps' form. etcd-manager's spacing differs from build to build: parse, never compare bytes (FACTS 3). */
export function encodeSpec({ memberCount, etcdVersion }: ClusterSpec): Buffer {
  return Buffer.from(JSON.stringify({ memberCount, etcdVersion }, null, 2))
}
