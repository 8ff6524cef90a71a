import { foreignLog } from './foreign-log.ts'
import type { LogRead } from './log-read.ts'
import type { Segment } from './log-segments.ts'
import { obstacle, startsOf } from './log-start.ts'
import type { MemberLog } from './log-state.ts'

/** What an etcd could reach on a copy of the log, and what has to be done with that copy first. */
export interface Mended {
  /** The files that it would be made of. */
  segment?: Segment
  /** The last index that it would reach; absent when the log brings nothing to the database. */
  reach?: number
  how: Pick<MemberLog, 'end' | 'filesBefore' | 'filesAfter' | 'setAside' | 'startsAt' | 'rebuildsTo'>
}

/** The segment that reaches furthest from where an etcd could begin: not beyond what the database holds. */
export function mendLog(read: LogRead): Mended {
  // of another cluster: not a single entry of it belongs to this database
  if (foreignLog(read.db, read.segments.at(-1)?.ids) !== undefined)
    return { how: { filesBefore: [], filesAfter: [], setAside: [] } }
  const held = read.db.lost === undefined ? (read.db.consistentIndex ?? 0) : 0
  const ways = read.segments.flatMap((segment) => wayOf(read, segment, held))
  const best = ways.sort((a, b) => b.reach - a.reach)[0]
  const rebuildsTo = Math.max(
    0,
    ...read.segments.flatMap((segment) => wayOf(read, segment, 0).map(({ reach }) => reach)),
  )
  const rebuilds = rebuildsTo > 0 ? { rebuildsTo } : {}
  if (!best || best.reach < held) return { how: { filesBefore: [], filesAfter: [], setAside: [], ...rebuilds } }
  return { segment: best.segment, reach: best.reach, how: { ...howTo(read, best), ...rebuilds } }
}

interface Way {
  segment: Segment
  startsAt: number
  reach: number
}

/** From the newest raft snapshot that is not beyond `held`, else from 0. */
function wayOf({ snaps, byRecord }: LogRead, segment: Segment, held: number): Way[] {
  const starts = startsOf(segment, snaps, byRecord).map(({ index }) => index)
  // a log that starts by its records always takes the newest of them
  const possible = byRecord && starts.length > 0 ? starts : [...starts, 0]
  const startsAt = possible.find((start) => start <= held && obstacle(segment, start) === undefined)
  if (startsAt === undefined) return []
  return [{ segment, startsAt, reach: Math.max(startsAt, segment.walk.reach) }]
}

function howTo({ segments, snaps }: LogRead, { segment, startsAt }: Way): Mended['how'] {
  const at = segments.indexOf(segment)
  const names = (some: Segment[]) => some.flatMap(({ files }) => files.map(({ name }) => name))
  const { end, files } = segment
  const last = files.findIndex(({ name }) => name === end?.file)
  return {
    startsAt,
    ...(end && { end }),
    filesBefore: names(segments.slice(0, at)),
    filesAfter: [...files.slice(last + 1).map(({ name }) => name), ...names(segments.slice(at + 1))],
    setAside: snaps.flatMap(({ file, mark }) => (mark && mark.index <= startsAt ? [] : [file.name])),
  }
}
