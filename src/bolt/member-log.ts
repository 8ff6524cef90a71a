import { judgeLog } from './judge-log.ts'
import { type NamedSource, snapFiles, walFiles } from './log-names.ts'
import type { DbReach, LogRead } from './log-read.ts'
import { readSegments, type Segment, type SegmentOptions } from './log-segments.ts'
import { isByRecord, type SnapSeen } from './log-start.ts'
import type { MemberLog } from './log-state.ts'
import { mendLog } from './mend-log.ts'
import { readSnap } from './snap-file.ts'
import { countedSource } from './source.ts'

export interface MemberFiles {
  /** All of `member/wal`. */
  wal: readonly NamedSource[]
  /** All of `member/snap` but the database. */
  snap: readonly NamedSource[]
}

export type ReadLogOptions = Pick<SegmentOptions, 'signal' | 'onEntry' | 'onProgress'>

/**
 * Reads a member's whole log and its raft snapshots, and says what etcd would make of them and what can be made of them.
 * Holds one piece of a file in memory. Never throws for what is in the files; an error is the source's own.
 */
export async function readMemberLog(db: DbReach, files: MemberFiles, options: ReadLogOptions = {}): Promise<MemberLog> {
  let bytesRead = 0
  const counted = ({ name, source }: NamedSource): NamedSource => {
    const inner = countedSource(source)
    const read = async (offset: number, length: number) => {
      bytesRead += length
      return inner.read(offset, length)
    }
    return { name, source: { size: source.size, read } }
  }
  const wal = walFiles(files.wal.map(counted))
  const snap = files.snap.map(counted)
  const segments = await readSegments(wal, { ...options, afterIndex: db.consistentIndex ?? 0 })
  const snaps: SnapSeen[] = []
  for (const file of snapFiles(snap)) {
    const found = await readSnap(file)
    snaps.push('damage' in found ? { file, damage: found.damage } : { file, mark: found })
  }
  const read: LogRead = {
    db,
    segments,
    snaps,
    beside: snap,
    byRecord: isByRecord(db.etcdVersion ?? segments.at(-1)?.walk.version),
  }
  const mended = mendLog(read)
  return { ...judgeLog(read, mended), ...factsOf(segments, mended.segment), ...mended.how, bytesRead }
}

/** Of the segment that a mended log consists of. */
function factsOf(segments: Segment[], taken: Segment | undefined): Facts {
  const segment = taken ?? segments.at(-1)
  if (!segment) return { writesAfter: 0 }
  const { firstIndex, reach, lastTerm, term, commit, writesAfter, version } = segment.walk
  return {
    ...segment.ids,
    ...(version === undefined ? {} : { etcdVersion: version }),
    ...(firstIndex === undefined ? {} : { firstIndex }),
    ...(reach === 0 ? {} : { lastIndex: reach }),
    ...(lastTerm === undefined ? {} : { lastTerm }),
    ...(term === undefined ? {} : { term }),
    ...(commit === undefined ? {} : { commit }),
    writesAfter,
  }
}

type Facts = Pick<
  MemberLog,
  'clusterId' | 'memberId' | 'etcdVersion' | 'firstIndex' | 'lastIndex' | 'lastTerm' | 'term' | 'commit' | 'writesAfter'
>
