import { count, many } from '../words/numbers.ts'
import { tableLines } from './table.ts'
import { cut } from './text.ts'

/** What `diff A B --json` prints: what a recovery from B does to what A holds. */
export interface DiffValue {
  a: DiffSide
  b: DiffSide
  /** The same etcd cluster's data, when both tell; then revisions can be compared. */
  sameCluster?: boolean
  /** Keys that are the same on both sides. */
  same: number
  totals: DiffCounts
  kinds: DiffKind[]
  /** Objects that differ, at most `--limit` of each kind of difference. */
  objects: DiffObject[]
  objectsLeftOut: number
  /** Keys that a running cluster rewrites by itself, by reason: no loss. They are in `totals` as well. */
  expected: Record<string, number>
  /** Pods that only B has: they come back, though their processes may be gone. */
  phantoms: { count: number; nodes: Record<string, number> }
  /** Keys that hang on a lease, on each side. */
  leased: { a: number; b: number }
  notes: string[]
}

export interface DiffSide {
  source: string
  keys: number
  revision?: number
  clusterId?: string
  /** Only in its WAL, so not compared. */
  walWrites?: number
}

export interface DiffCounts {
  /** Only in B: a recovery from B brings them back. */
  comesBack: number
  /** Only in A: a recovery from B loses them. */
  isLost: number
  /** In both with different values: a recovery from B puts B's value. */
  changes: number
}

export interface DiffKind extends DiffCounts {
  resource: string
  namespace?: string
}

export interface DiffObject {
  what: 'comes-back' | 'is-lost' | 'changes'
  key: string
  resource: string
  namespace?: string
  name?: string
  /** When the object was made, where its value tells. */
  createdAt?: string
  /** Why it may differ without harm. */
  expected?: string
}

const SHOWN_KINDS = 60

export function diffLines(value: DiffValue): string[] {
  const { a, b, same, totals, kinds, expected, phantoms, leased, notes } = value
  const shown = kinds.slice(0, SHOWN_KINDS)
  const rest = kinds.length - shown.length
  return [
    `A ${sideText(a)}`,
    `B ${sideText(b)}`,
    '',
    'A recovery from B, compared with A:',
    `  ${count(totals.comesBack)} keys come back (only in B)`,
    `  ${count(totals.isLost)} keys are lost (only in A)`,
    `  ${count(totals.changes)} keys change to B's value`,
    `  ${count(same)} keys are the same`,
    '',
    ...tableLines(['resource', 'namespace', 'come back', 'lost', 'change'], shown.map(kindRow)),
    ...(rest > 0 ? [`and ${many(rest, 'more kind')}; all are in --json`] : []),
    '',
    ...section('No loss: a running cluster rewrites these by itself', reasonLines(expected)),
    ...section('Pods that come back, though nothing may run any more', phantomLines(phantoms)),
    ...section('Leases', leaseLines(leased)),
    ...objectLines(value),
    ...notes.map((note) => `note: ${note}`),
  ]
}

function sideText({ source, keys, revision, clusterId, walWrites = 0 }: DiffSide): string {
  const parts = [many(keys, 'key')]
  if (revision !== undefined) parts.push(`revision ${count(revision)}`)
  if (clusterId !== undefined) parts.push(`cluster id ${clusterId}`)
  if (walWrites > 0) parts.push(`${many(walWrites, 'write')} more only in its WAL, not compared`)
  return `${source}: ${parts.join(', ')}`
}

const kindRow = ({ resource, namespace, comesBack, isLost, changes }: DiffKind): string[] => [
  resource,
  namespace ?? '',
  count(comesBack),
  count(isLost),
  count(changes),
]

function section(title: string, lines: string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`), '']
}

const reasonLines = (expected: Record<string, number>) =>
  Object.entries(expected).map(([why, keys]) => `${count(keys)}  ${why}`)

function phantomLines({ count: pods, nodes }: DiffValue['phantoms']): string[] {
  if (pods === 0) return []
  const named = Object.entries(nodes).sort(([, one], [, other]) => other - one)
  const where = named.slice(0, 10).map(([node, on]) => `${node} ${count(on)}`)
  const more = named.length > 10 ? ', …' : ''
  return [
    `${many(pods, 'pod')}${where.length === 0 ? '' : `: on ${where.join(', ')}${more}`}`,
    'kubelets start them again, or controllers replace them; restart the kubelets (recover does)',
  ]
}

function leaseLines({ a, b }: DiffValue['leased']): string[] {
  if (a === 0 && b === 0) return []
  return [`${count(a)} keys of A hang on a lease, ${count(b)} of B; restore-backup drops all leases`]
}

const marks = { 'comes-back': '+', 'is-lost': '-', changes: '~' } as const

function objectLines({ objects, objectsLeftOut }: DiffValue): string[] {
  if (objects.length === 0) return []
  const rows = objects.map(({ what, key, createdAt, expected }) => [
    marks[what],
    cut(key, 120),
    createdAt === undefined ? '' : createdAt.slice(0, 19).replace('T', ' '),
    expected ?? '',
  ])
  const more = objectsLeftOut > 0 ? [`and ${count(objectsLeftOut)} more: --limit shows more`] : []
  return [
    'Objects: + comes back, - is lost, ~ changes',
    ...tableLines(['', 'key', 'created (UTC)', 'no loss'], rows),
    ...more,
    '',
  ]
}
