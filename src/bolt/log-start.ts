import type { SnapFile } from './log-names.ts'
import type { Segment } from './log-segments.ts'
import type { Jump, RaftMark } from './log-walk.ts'

/** A `.snap` file, and what it says of itself, or why it cannot be read. */
export interface SnapSeen {
  file: SnapFile
  mark?: RaftMark
  damage?: string
}

/** From 3.7 on an etcd takes raft snapshots from records of the log. Of an unknown version it is not said. */
export function isByRecord(version: string | undefined): boolean {
  const [major = 0, minor = 0] = (version ?? '').split('.').map(Number)
  return major > 3 || (major === 3 && minor >= 7)
}

export const BY_RECORD = 'this etcd takes raft snapshots from the log itself, where none can be set aside'

/**
 * The raft snapshots that an etcd would start from, newest first: files up to 3.6, records of the log since 3.7. Only
 * those that the log has a record of, and has marked as committed.
 */
export function startsOf(segment: Segment, snaps: readonly SnapSeen[], byRecord: boolean): RaftMark[] {
  const { snapshots, commit = 0 } = segment.walk
  const recorded = snapshots.filter(({ index }) => index <= commit)
  if (byRecord) return recorded.slice(-1)
  const isRecorded = (mark: RaftMark) => recorded.some(({ index, term }) => index === mark.index && term === mark.term)
  return snaps.flatMap(({ mark }) => (mark && isRecorded(mark) ? [mark] : []))
}

/** What is in the way of an etcd that reads this segment's entries after `start`; `undefined` when nothing is. */
export function obstacle({ files, walk }: Segment, start: number): string | undefined {
  // etcd takes the last file whose name does not begin beyond it, and reads nothing of those before
  const first = files.findLastIndex(({ firstIndex }) => firstIndex <= start)
  if (first < 0) return `the log begins only at index ${files[0]?.firstIndex ?? 0}`
  const isFromStart = (jump: Jump) => jump.isFileStart && jump.file === first
  const needed = (jump: Jump) => (isFromStart(jump) ? start : Math.max(jump.from, start)) + 1
  const jump = walk.jumps.find((one) => one.file >= first && one.to > needed(one))
  return jump && `entries ${needed(jump)} to ${jump.to - 1} are missing`
}
