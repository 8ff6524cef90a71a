import { count, many } from '../words/numbers.ts'
import { tableLines } from './table.ts'
import { amount, cut } from './text.ts'

/** What `inspect --json` prints; `scan --json` prints the same for each copy, without `full`. */
export interface InspectValue {
  source: string
  kind: 'db' | 'member' | 'snapshot' | 'backup'
  node?: string
  path: string
  token?: string
  /** main, events, cilium, leases or unknown, by what is inside. */
  etcdCluster: string
  /** Lower-case hex. Only a WAL tells it. */
  clusterId?: string
  /** Its own name, as its cluster knew it; needs the WAL as well. */
  member?: string
  memberId?: string
  peerUrls?: string[]
  members: { id: string; name: string; peerUrls: string[] }[]
  etcdVersion?: string
  revision?: number
  /** Where the revision ends when the WAL is replayed, at most. The same as `revision` without a WAL. */
  walRevision?: number
  /** Writes that are only in the WAL. Estimated when `walWritesExact` is false. */
  walWrites?: number
  walWritesExact?: boolean
  walIndex?: number
  walTerm?: number
  consistentIndex?: number
  term?: number
  sizeBytes: number
  sizeInUseBytes?: number
  walBytes: number
  /** What etcd would make of the log; absent for what has none by nature. */
  log?: LogLine
  /** Absent where they could not be read. */
  alarms?: string[]
  authEnabled?: boolean
  learners?: string[]
  /** Some keys, by where they live. */
  sampled: Record<string, number>
  /** With `--full`. */
  keys?: number
  digest?: string
  full?: FullInspection
  bytesRead: number
  findings: string[]
}

export interface LogLine {
  /** whole, ends-torn, damaged, gap, behind-database, snapshot-ahead, database-lost, none, or unread. */
  state: string
  /** How much of it was read: absent when nothing was. */
  readFrom?: 'beginning' | 'end'
  why?: string
  /** The last index that a repaired copy of it can reach. */
  usableTo?: number
  /** With `--full`: the entries that can be read without a fault, and up to where they are marked as committed. */
  firstIndex?: number
  lastIndex?: number
  lastTerm?: number
  commit?: number
  /** The index that etcd reads a mended copy of the log from; absent when the database is all that can be used. */
  startsAt?: number
  /** Without any database, an etcd makes one from the log up to this index. */
  rebuildsTo?: number
  /** Raft snapshots that an etcd must not find on such a copy. */
  setAside?: string[]
}

export interface FullInspection {
  /** Records with history and deletions. */
  revisions: number
  tombstones: number
  liveBytes: number
  historyBytes: number
  compactRevision: number
  kinds: KindLine[]
  newest: NewestLine[]
  largest: { key: string; bytes: number }[]
  leases: { count: number; keys: number; list: { id: string; ttlSeconds: number }[] }
  auth: { enabled: boolean; users: number; roles: number }
  alarms: string[]
  freeBytes: number
  sha256: 'absent' | 'right' | 'wrong' | 'not checked'
}

export interface KindLine {
  resource: string
  namespace?: string
  keys: number
  bytes: number
  historyRecords: number
  historyBytes: number
}

export interface NewestLine {
  key: string
  revision: number
  version: number
  deleted: boolean
  /** RFC 3339, as the object says; absent for what is no Kubernetes object, encrypted or deleted. */
  createdAt?: string
}

const MAX_KEY = 100
const SHOWN_KINDS = 40

/** For people: who it is, how far it reaches, what is wrong; with `--full` what it holds. */
export function inspectLines(value: InspectValue): string[] {
  return [...identityLines(value), ...(value.full ? fullLines(value, value.full) : []), '', ...findingLines(value)]
}

const kindNames = {
  db: 'a plain database file',
  member: 'a member directory',
  snapshot: 'a snapshot',
  backup: 'a backup',
} as const

function identityLines(value: InspectValue): string[] {
  const { etcdCluster, clusterId, member, memberId, peerUrls = [], etcdVersion } = value
  const self = [member, memberId && `(${memberId})`, ...peerUrls].filter(Boolean).join(' ')
  const others = value.members.map(({ id, name }) => name || id).join(', ')
  return facts(`${value.source}: ${kindNames[value.kind]}${value.node === undefined ? '' : ` on ${value.node}`}`, [
    ['etcd cluster', `${etcdCluster}${clusterId === undefined ? '' : `, cluster id ${clusterId}`}`],
    ['member', self],
    ['members', others],
    ['etcd', etcdVersion],
    ['revision', revisionText(value)],
    ['log', logText(value)],
    ['size', sizeText(value)],
    ['keys seen', value.full ? undefined : sampleText(value.sampled)],
    ['read', `${amount(value.bytesRead, 'bytes')}`],
  ])
}

function facts(title: string, rows: [name: string, text: string | undefined][]): string[] {
  const shown = rows.filter(([, text]) => text !== undefined && text !== '')
  return [title, ...shown.map(([name, text]) => `  ${name.padEnd(13)} ${text}`)]
}

/** `4,903, and 98 writes more are only in the WAL`. */
export function revisionText(value: Pick<InspectValue, 'revision' | 'walWrites' | 'walWritesExact'>): string {
  const { revision, walWrites = 0, walWritesExact } = value
  if (revision === undefined) return walWrites > 0 ? `no database; ${many(walWrites, 'write')} in the WAL` : 'unknown'
  if (walWrites === 0) return count(revision)
  const about = walWritesExact ? '' : 'about '
  return `${count(revision)}, and ${about}${many(walWrites, 'write')} more only in the WAL (recover brings them back)`
}

function logText({ walIndex, walTerm, consistentIndex, term }: InspectValue): string | undefined {
  if (walIndex === undefined) {
    if (!consistentIndex) return undefined
    return `index ${count(consistentIndex)}${term === undefined ? '' : `, term ${term}`}; there is no WAL beside it`
  }
  const held = consistentIndex === undefined ? '' : `; the database holds it up to ${count(consistentIndex)}`
  return `reaches index ${count(walIndex)}${walTerm === undefined ? '' : `, term ${walTerm}`}${held}`
}

function sizeText({ sizeBytes, sizeInUseBytes, walBytes, full }: InspectValue): string {
  const used = full ? sizeBytes - full.freeBytes : sizeInUseBytes
  const parts = [amount(sizeBytes, 'bytes')]
  if (used !== undefined) parts.push(`${amount(used, 'bytes')} in use`)
  if (walBytes > 0) parts.push(`WAL ${amount(walBytes, 'bytes')}`)
  return parts.join(', ')
}

function sampleText(sampled: Record<string, number>): string | undefined {
  const kinds = Object.keys(sampled).slice(0, 6)
  return kinds.length === 0 ? undefined : kinds.join(', ')
}

function fullLines(value: InspectValue, full: FullInspection): string[] {
  const { kinds, largest, newest, leases, auth, alarms } = full
  const shown = kinds.slice(0, SHOWN_KINDS)
  const rest = kinds.length - shown.length
  return [
    '',
    ...facts('all of it', [
      ['keys', `${count(value.keys ?? 0)}, ${amount(full.liveBytes, 'bytes')}`],
      ['history', historyText(full)],
      ['leases', `${count(leases.count)}, on ${many(leases.keys, 'key')}`],
      ['auth', auth.enabled ? `on, ${auth.users} users, ${auth.roles} roles` : undefined],
      ['alarms', alarms.join(', ')],
      ['digest', value.digest],
      ['SHA-256', full.sha256 === 'not checked' ? undefined : shaTexts[full.sha256]],
    ]),
    '',
    ...tableLines(['resource', 'namespace', 'keys', 'bytes', 'old records', 'their bytes'], shown.map(kindRow)),
    ...(rest > 0 ? [`and ${rest} more`] : []),
    '',
    ...tableLines(
      ['largest values', 'bytes'],
      largest.map(({ key, bytes }) => [cut(key, MAX_KEY), count(bytes)]),
    ),
    '',
    ...tableLines(['newest changes', 'revision', 'version', 'created'], newest.map(newestRow)),
  ]
}

const shaTexts = {
  absent: 'none: a plain copy carries none',
  right: 'right',
  wrong: 'wrong',
}

function historyText({ revisions, tombstones, historyBytes, compactRevision }: FullInspection): string {
  const compacted = compactRevision > 0 ? `, compacted up to ${count(compactRevision)}` : ''
  return `${many(revisions, 'record')}, ${count(tombstones)} of them deletions; old ones ${amount(historyBytes, 'bytes')}${compacted}`
}

function kindRow({ resource, namespace, keys, bytes, historyRecords, historyBytes }: KindLine): string[] {
  return [
    resource,
    namespace ?? '',
    count(keys),
    amount(bytes, 'bytes'),
    count(historyRecords),
    amount(historyBytes, 'bytes'),
  ]
}

function newestRow({ key, revision, version, deleted, createdAt = '' }: NewestLine): string[] {
  return [cut(key, MAX_KEY), count(revision), deleted ? 'deleted' : count(version), cut(createdAt, 40)]
}

function findingLines(value: InspectValue): string[] {
  const { findings, full } = value
  if (findings.length > 0) return ['Findings', ...findings.map((finding) => `  ${finding}`), ...soundLines(value)]
  if (!full) return [`No findings in the ${value.log ? 'pages and records' : 'pages'} that were read.`]
  return ['No findings.', ...soundLines(value)]
}

/** What was read to its end and is in order: said of the database and of the log apart. */
function soundLines({ full, log, findings }: InspectValue): string[] {
  const isDbSound = full !== undefined && !findings.some((finding) => finding.startsWith('unusable'))
  const { firstIndex = 0, lastIndex = 0 } = log ?? {}
  return [
    ...(isDbSound ? ['The database: every page was read and is in order.'] : []),
    ...(log?.state === 'whole'
      ? [`The log: every record was read and is in order, from index ${count(firstIndex)} to ${count(lastIndex)}.`]
      : []),
  ]
}
