import { FieldReader } from './protobuf.ts'
import type { RecordSink, WalEntry } from './wal.ts'
import { WriteCount } from './write-count.ts'

/**
 * The first entry of a file, or one whose index is more than one beyond the entry before it. `from` is that one's, 0 for
 * the very first.
 */
export interface Jump {
  isFileStart: boolean
  /** Which of the files, counted from 0. */
  file: number
  from: number
  to: number
}

export interface RaftMark {
  index: number
  term: number
}

/** So many are no log of an etcd any more; those beyond are not told apart. */
const MAX_JUMPS = 1000

/**
 * What the records of files that follow each other say, as etcd takes them in: entries may be overwritten from an
 * earlier index on (a new leader's), and may jump after a raft snapshot of the leader's.
 */
export class LogWalk implements RecordSink {
  readonly snapshots: RaftMark[] = []
  readonly jumps: Jump[] = []
  firstIndex: number | undefined
  lastIndex: number | undefined
  lastTerm: number | undefined
  commit: number | undefined
  term: number | undefined
  /** What no etcd writes, and no CRC sees: the first of it. */
  problem: string | undefined
  /** The cluster's version, as the log says when it is set. */
  version: string | undefined
  private readonly writes = new WriteCount()
  private readonly afterIndex: number
  private readonly onEntry: ((entry: WalEntry) => void) | undefined
  private file = -1
  private isFirstOfFile = true
  private head: Buffer | undefined
  private terms: RaftMark[] = []

  constructor(afterIndex: number, onEntry?: (entry: WalEntry) => void) {
    this.afterIndex = afterIndex
    this.onEntry = onEntry
  }

  get writesAfter(): number {
    return this.writes.count
  }

  /** The last index that these records lead to: of an entry, or of a snapshot that the leader sent after it. */
  get reach(): number {
    const { commit = 0, lastIndex = 0 } = this
    return this.snapshots.reduce((reach, { index }) => (index <= commit ? Math.max(reach, index) : reach), lastIndex)
  }

  nextFile(): void {
    this.file++
    this.isFirstOfFile = true
  }

  metadata(content: Buffer): void {
    this.head ??= Buffer.from(content)
    if (!this.head.equals(content)) this.problem ??= 'a WAL file is of another member or cluster than the one before it'
  }

  state(term: number, commit: number): void {
    this.term = term
    this.commit = commit
  }

  snapshot(index: number, term: number): void {
    this.snapshots.push({ index, term })
  }

  entry(entry: WalEntry): void {
    const { index, term } = entry
    const last = this.lastIndex ?? 0
    const isFileStart = this.isFirstOfFile
    this.isFirstOfFile = false
    if ((index > last + 1 || isFileStart) && this.jumps.length < MAX_JUMPS)
      this.jumps.push({ isFileStart, file: this.file, from: last, to: index })
    this.takeTerm(index, term)
    this.firstIndex ??= index
    this.lastIndex = index
    this.lastTerm = term
    this.writes.take({ index, isWrite: entry.isWrite && index > this.afterIndex })
    this.version = versionIn(entry) ?? this.version
    this.onEntry?.(entry)
  }

  /** Terms never go back along a log, whoever overwrote which end of it. */
  private takeTerm(index: number, term: number): void {
    while ((this.terms.at(-1)?.index ?? -1) >= index) this.terms.pop()
    const before = this.terms.at(-1)
    if (before && term < before.term) this.problem ??= `the term goes back at entry ${index}`
    if (before?.term !== term) this.terms.push({ index, term })
  }
}

/** Of etcd's request: the cluster's version is set, a message whose field 1 is the version. From 3.6 on. */
const VERSION_SET = 1300
/** Up to 3.5 by a request of etcd's second API: 3 the path, 4 the value. */
const PATH = 3
const VALUE = 4
const VERSION_PATH = '/0/version'
const MAX_VERSION_ENTRY = 100

function versionIn({ kind, buffer, data: [start, end] }: WalEntry): string | undefined {
  if (kind !== 0 || end - start > MAX_VERSION_ENTRY) return undefined
  try {
    const found = readVersion(buffer, start, end)
    return found !== undefined && /^\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(found) ? found : undefined
  } catch {
    // no request that changes anything: raft's own entries are empty, and nothing else is read here
    return undefined
  }
}

function readVersion(buffer: Buffer, start: number, end: number): string | undefined {
  const outer = new FieldReader(buffer, start, end)
  let isVersion = false
  while (outer.next()) {
    if (outer.start < 0) continue
    if (outer.field === PATH) isVersion = buffer.toString('latin1', outer.start, outer.end) === VERSION_PATH
    if (outer.field === VALUE && isVersion) return buffer.toString('latin1', outer.start, outer.end)
    if (outer.field !== VERSION_SET) continue
    const inner = new FieldReader(buffer, outer.start, outer.end)
    return inner.next() && inner.start >= 0 ? buffer.toString('latin1', inner.start, inner.end) : undefined
  }
  return undefined
}
