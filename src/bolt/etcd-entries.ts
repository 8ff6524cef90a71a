import { readRevision } from './kv.ts'
import { FieldReader } from './protobuf.ts'

type Readable = (key: string, value: Buffer, rawKey: Buffer) => boolean

const DELIMITED: Kinds = (start) => start >= 0
const VARINT: Kinds = (start) => start < 0
const NUMBER_BYTES = 8

/**
 * Values at which an etcd of 3.4 to 3.6 panics while it starts, by bucket (read in etcd, tried on damaged databases).
 * `members` is read by `readEtcdMeta`.
 */
const READABLE: Record<string, Readable> = {
  alarm: (_key, _value, rawKey) => isMessage(rawKey, 2, VARINT),
  auth: (key, value) => key !== 'authRevision' || value.length === NUMBER_BYTES,
  authRoles: (_key, value) => isMessage(value, 2, DELIMITED),
  authUsers: (_key, value) => isMessage(value, 4, DELIMITED),
  cluster: (key, value) =>
    (key !== 'clusterVersion' || isVersion(value)) && (key !== 'downgrade' || json(value) !== undefined),
  lease: (_key, value, rawKey) => rawKey.length === NUMBER_BYTES && isMessage(value, 3, VARINT),
  members_removed: isMemberId,
  meta: isReadableMeta,
}

/** Buckets that a restore empties: damage there spoils the member's directory, and no snapshot of it. */
export const REWRITTEN: readonly string[] = ['cluster', 'members', 'members_removed']

/** Whether etcd can read an entry of one of its small buckets; what it does not know, it does not read. */
export function isReadableEntry(bucket: string, key: Buffer, value: Buffer): boolean {
  return READABLE[bucket]?.(key.toString('latin1'), value, key) ?? true
}

function isReadableMeta(key: string, value: Buffer): boolean {
  if (key === 'consistent_index' || key === 'term') return value.length === NUMBER_BYTES
  if (key === 'finishedCompactRev' || key === 'scheduledCompactRev') return isRevision(value)
  if (key === 'storageVersion') return isVersion(value)
  return key !== 'confState' || isConfState(json(value))
}

function isRevision(value: Buffer): boolean {
  try {
    readRevision(value, 0, value.length)
    return true
  } catch {
    return false
  }
}

function isVersion(value: Buffer): boolean {
  return /^\d{1,10}\.\d{1,10}\.\d{1,10}([-+].*)?$/.test(value.toString('latin1'))
}

function isMemberId(key: string): boolean {
  return /^[0-9a-fA-F]{1,16}$/.test(key)
}

/** raft's membership: lists of ids, and whether learners promote by themselves. */
function isConfState(state: object | undefined): boolean {
  const isId = (entry: unknown) => typeof entry === 'number' && entry >= 0
  const isPart = (part: unknown) => typeof part === 'boolean' || (Array.isArray(part) && part.every(isId))
  return state !== undefined && Object.values(state).every((part) => part === null || isPart(part))
}

function json(value: Buffer): object | undefined {
  try {
    const parsed: unknown = JSON.parse(value.toString('utf8'))
    return typeof parsed === 'object' && parsed !== null ? parsed : undefined
  } catch {
    return undefined
  }
}

/** Given where a field's content begins, -1 for a number: whether it is of the right kind. */
type Kinds = (start: number) => boolean

/** A protobuf message whose fields up to `known` are all of one kind. */
function isMessage(bytes: Buffer, known: number, isRight: Kinds): boolean {
  try {
    const reader = new FieldReader(bytes)
    while (reader.next()) if (reader.field <= known && !isRight(reader.start)) return false
    return true
  } catch {
    return false
  }
}
