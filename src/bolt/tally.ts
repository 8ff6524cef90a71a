import type { RecordView } from './record-view.ts'

export interface KindTally {
  /** Keys at the last revision, and bytes of their keys and values. */
  keys: number
  bytes: number
  /** Earlier revisions and deletions that no compaction has removed. */
  historyRecords: number
  historyBytes: number
}

export interface LargeKey {
  key: Buffer
  /** Of the value. */
  bytes: number
}

/** The latest record of a key, copied. */
export interface NewestRecord {
  key: Buffer
  /** Absent when the key was deleted, or the value is longer than 256 KiB. */
  value?: Buffer
  modRevision: number
  createRevision: number
  version: number
  deleted: boolean
}

export interface TallyOptions {
  /** The kind of a key, for `kinds`. Default: its first two parts, `/registry/pods`. */
  classify?: ((key: string) => string) | undefined
  /** How many of the newest records to keep. Default 20. */
  newest?: number | undefined
  /** How many of the largest keys to keep. Default 10. */
  largest?: number | undefined
}

/** Hostile keys must not make a table of millions of kinds; the rest goes together. */
const MAX_KINDS = 1000
const OTHERS = '(others)'
const MAX_VALUE_BYTES = 256 * 1024
const MAX_LEASES = 1_000_000

/** Counts records as they come, the newest first. */
export class Tally {
  readonly kinds = new Map<string, KindTally>()
  readonly largest: LargeKey[] = []
  readonly newest: NewestRecord[] = []
  /** Live keys by lease id. */
  readonly leases = new Map<string, number>()
  keys = 0
  revisions = 0
  bytes = 0
  liveBytes = 0
  tombstones = 0
  private readonly classify: (key: string) => string
  private readonly maxNewest: number
  private readonly maxLargest: number

  constructor({ classify = defaultKind, newest = 20, largest = 10 }: TallyOptions) {
    this.classify = classify
    this.maxNewest = newest
    this.maxLargest = largest
  }

  /** `isLatest`: no later record has this key. */
  add(view: RecordView, isLatest: boolean): void {
    const { bytes } = view
    this.revisions++
    this.bytes += bytes
    if (view.tombstone) this.tombstones++
    if (isLatest && this.newest.length < this.maxNewest) this.newest.push(copyOf(view))
    const kind = this.kindOf(view.body.toString('latin1', view.keyStart, view.keyEnd))
    if (isLatest && !view.tombstone) this.addLive(view, kind, bytes)
    else {
      kind.historyRecords++
      kind.historyBytes += bytes
    }
  }

  private addLive(view: RecordView, kind: KindTally, bytes: number): void {
    this.keys++
    this.liveBytes += bytes
    kind.keys++
    kind.bytes += bytes
    if (view.lease !== '0' && this.leases.size < MAX_LEASES)
      this.leases.set(view.lease, (this.leases.get(view.lease) ?? 0) + 1)
    const valueBytes = view.valueEnd - view.valueStart
    const smallest = this.largest.at(-1)?.bytes ?? -1
    if (this.largest.length < this.maxLargest || valueBytes > smallest) this.addLarge(view, valueBytes)
  }

  private addLarge(view: RecordView, bytes: number): void {
    this.largest.push({ key: Buffer.from(view.body.subarray(view.keyStart, view.keyEnd)), bytes })
    this.largest.sort((a, b) => b.bytes - a.bytes)
    this.largest.length = Math.min(this.largest.length, this.maxLargest)
  }

  private kindOf(key: string): KindTally {
    const name = this.classify(key)
    const known = this.kinds.get(name)
    if (known) return known
    if (this.kinds.size >= MAX_KINDS && name !== OTHERS) return this.named(OTHERS)
    return this.named(name)
  }

  private named(name: string): KindTally {
    const kind = this.kinds.get(name) ?? { keys: 0, bytes: 0, historyRecords: 0, historyBytes: 0 }
    this.kinds.set(name, kind)
    return kind
  }
}

function copyOf(view: RecordView): NewestRecord {
  const { key, value, modRevision, createRevision, version } = view.toKv()
  const isKept = !view.tombstone && value.length <= MAX_VALUE_BYTES
  const kept = isKept ? { value: Buffer.from(value) } : {}
  return { key: Buffer.from(key), ...kept, modRevision, createRevision, version, deleted: view.tombstone }
}

function defaultKind(key: string): string {
  const first = key.indexOf('/', 1)
  const second = first < 0 ? -1 : key.indexOf('/', first + 1)
  const end = second < 0 ? first : second
  return (end < 0 ? key : key.slice(0, end)).slice(0, 100)
}
