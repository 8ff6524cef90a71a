import type { SetDifference } from '../digest/index.ts'
import { kindOf } from './keys.ts'
import { mayDiffer } from './may-differ.ts'
import { decodeObject, decodePod } from './object.ts'

/** What a recovery from B does to what A holds, in keys. */
interface Counts {
  /** Only in B. */
  comesBack: number
  /** Only in A. */
  isLost: number
  /** In both with different values: B's is put. */
  changes: number
}

interface KindCounts extends Counts {
  resource: string
  namespace?: string
}

interface DifferentObject {
  what: 'comes-back' | 'is-lost' | 'changes'
  key: string
  resource: string
  namespace?: string
  name?: string
  createdAt?: string
  /** Why it may differ without harm. */
  expected?: string
}

type What = DifferentObject['what']

const whats: Record<SetDifference, What> = { 'only-a': 'is-lost', 'only-b': 'comes-back', changed: 'changes' }
const counters: Record<What, keyof Counts> = { 'comes-back': 'comesBack', 'is-lost': 'isLost', changes: 'changes' }
/** As `mayDiffer` has them: from the recovered copy's side, which is B. */
const differences = { 'comes-back': 'missing', 'is-lost': 'extra', changes: 'changed' } as const

const MAX_KINDS = 5000

/** Counts what differs by kind and namespace, and keeps the first objects of each sort. */
export class DiffTally {
  readonly totals: Counts = { comesBack: 0, isLost: 0, changes: 0 }
  readonly objects: DifferentObject[] = []
  readonly expected: Record<string, number> = {}
  readonly phantoms: { count: number; nodes: Record<string, number> } = { count: 0, nodes: {} }
  objectsLeftOut = 0
  private readonly byKind = new Map<string, KindCounts>()
  private readonly kept: Record<What, number> = { 'comes-back': 0, 'is-lost': 0, changes: 0 }
  private readonly limit: number

  constructor(limit: number) {
    this.limit = limit
  }

  take(difference: SetDifference, { key, value }: { key: Buffer; value: Buffer }): void {
    const what = whats[difference]
    const kind = kindOf(key) ?? { resource: otherOf(key) }
    const expected = mayDiffer(key, differences[what])?.why
    this.totals[counters[what]]++
    this.kindFor(kind.resource, kind.namespace)[counters[what]]++
    if (expected !== undefined) this.expected[expected] = (this.expected[expected] ?? 0) + 1
    if (what === 'comes-back' && kind.resource === 'pods') this.addPhantom(value)
    if (this.kept[what] >= this.limit) this.objectsLeftOut++
    else {
      this.kept[what]++
      const { createdAt } = decodeObject(value)
      this.objects.push({
        what,
        key: key.toString('utf8'),
        ...kind,
        ...(createdAt === undefined ? {} : { createdAt }),
        ...(expected === undefined ? {} : { expected }),
      })
    }
  }

  kinds(): KindCounts[] {
    const size = ({ comesBack, isLost, changes }: Counts) => comesBack + isLost + changes
    return [...this.byKind.values()].sort((a, b) => size(b) - size(a))
  }

  private kindFor(resource: string, namespace: string | undefined): KindCounts {
    const name = `${resource} ${namespace ?? ''}`
    const known = this.byKind.get(name)
    if (known) return known
    // hostile keys must not make a table of millions of kinds
    if (this.byKind.size >= MAX_KINDS && resource !== '(others)') return this.kindFor('(others)', undefined)
    const kind = { resource, ...(namespace === undefined ? {} : { namespace }), comesBack: 0, isLost: 0, changes: 0 }
    this.byKind.set(name, kind)
    return kind
  }

  private addPhantom(value: Buffer): void {
    this.phantoms.count++
    const { nodeName: node } = decodePod(value)
    const { nodes } = this.phantoms
    if (node !== undefined && (Object.hasOwn(nodes, node) || Object.keys(nodes).length < MAX_KINDS))
      nodes[node] = (nodes[node] ?? 0) + 1
  }
}

const otherOf = (key: Buffer) => key.toString('utf8', 0, 100).split('/').slice(0, 2).join('/')
