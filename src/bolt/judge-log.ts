import { count, many } from '../words/numbers.ts'
import { foreignLog } from './foreign-log.ts'
import { hasSentDb } from './log-names.ts'
import type { LogRead } from './log-read.ts'
import type { Segment } from './log-segments.ts'
import { BY_RECORD, obstacle, startsOf } from './log-start.ts'
import type { LogState, MemberLog } from './log-state.ts'
import type { RaftMark } from './log-walk.ts'
import type { Mended } from './mend-log.ts'

type Judged = Pick<MemberLog, 'state' | 'why' | 'usableTo' | 'readFrom' | 'findings'>
type Verdict = { state: LogState; why: string } | undefined

/** What etcd would make of the log as it is. The worst is `state`, and everything that was noticed is a finding. */
export function judgeLog(read: LogRead, mended: Mended): Judged {
  const verdicts = ORDER.map((judge) => judge(read, mended)).filter((verdict) => verdict !== undefined)
  const worst = verdicts[0]
  const findings = [
    ...verdicts.slice(0, 1).map(({ why }) => why),
    ...(worst?.state === 'database-lost'
      ? verdicts.filter(({ state }) => REFUSING.has(state)).map(({ why }) => why)
      : []),
    ...verdicts.slice(1).flatMap(({ state, why }) => (state === 'ends-torn' ? [why] : [])),
    ...hints(read, mended, worst?.state),
    ...snapFindings(read),
  ]
  const usableTo = usable(read, mended)
  return {
    readFrom: 'beginning',
    ...(read.segments.length === 0 ? { state: 'none', why: NONE } : (worst ?? { state: 'whole' })),
    ...(usableTo === undefined ? {} : { usableTo }),
    findings: read.segments.length === 0 ? [NONE] : findings,
  }
}

const REFUSING = new Set<LogState>(['damaged', 'gap'])

const NONE = 'there is no WAL: what was acknowledged last may be missing'

const heldBy = ({ db }: LogRead) => (db.lost === undefined ? (db.consistentIndex ?? 0) : 0)
const lastOf = (segment: Segment | undefined) => segment?.walk.reach ?? 0

function usable(read: LogRead, { reach }: Mended): number | undefined {
  if (read.db.lost !== undefined) return reach
  return reach ?? read.db.consistentIndex
}

function lostDatabase(read: LogRead, { reach }: Mended): Verdict {
  const { db } = read
  if (db.lost === undefined) return undefined
  const can =
    reach === undefined
      ? `none can be made from the log: ${foreign(read)?.why ?? (isHeldBack(read) ? BY_RECORD : 'it is not whole from index 0')}`
      : `the WAL is whole from index 0 and reaches ${count(reach)}: an etcd makes the database anew from it`
  return { state: 'database-lost', why: `no database (${db.lost}); ${can}` }
}

/** Of the newest file that tells: etcd takes that one's word. */
function foreign({ db, segments }: LogRead): Verdict {
  const why = foreignLog(db, segments.at(-1)?.ids)
  return why === undefined ? undefined : { state: 'damaged', why }
}

/** A chain that breaks, or a record that cannot be. */
function broken({ segments }: LogRead): Verdict {
  const fault = segments.map((segment) => segment.fault).find((one) => one !== undefined && one.kind !== 'torn')
  if (fault) return { state: fault.kind === 'gap' ? 'gap' : 'damaged', why: fault.why }
  const problem = segments.map(({ walk }) => walk.problem).find((one) => one !== undefined)
  return problem === undefined ? undefined : { state: 'damaged', why: `${problem}: this is no log that an etcd wrote` }
}

const isBroken = (read: LogRead) => broken(read) !== undefined

function commitBeyond({ segments }: LogRead): Verdict {
  const segment = segments.at(-1)
  const commit = segment?.walk.commit ?? 0
  const last = lastOf(segment)
  if (commit <= last) return undefined
  const why = `the log is marked as committed up to ${count(commit)} and ends at ${count(last)}: etcd does not start on it`
  return { state: 'damaged', why }
}

/** Where etcd would begin by itself, with all raft snapshots in their place. */
function ownStart({ segments, snaps, byRecord }: LogRead): number {
  const segment = segments.at(-1)
  return (segment && startsOf(segment, snaps, byRecord)[0]?.index) ?? 0
}

/** Only a record of the log is in the way of a replay. */
const isHeldBack = (read: LogRead) => read.byRecord && ownStart(read) > heldBy(read)

function noStart(read: LogRead): Verdict {
  const segment = read.segments.at(-1)
  const found = segment && obstacle(segment, ownStart(read))
  return found === undefined ? undefined : { state: 'gap', why: `${found}: etcd refuses this log` }
}

function aheadSnapshot(read: LogRead, { reach }: Mended): Verdict {
  const start = ownStart(read)
  const held = heldBy(read)
  if (start <= held || hasSentDb(read.beside, start)) return undefined
  const can =
    reach === undefined
      ? `${isHeldBack(read) ? BY_RECORD : 'the log does not reach back to it'}; the database is all that can be used`
      : `without that snapshot the log can be replayed up to ${count(reach)}`
  const why = `the newest raft snapshot (index ${count(start)}) is beyond the database (${count(held)}): etcd does not start on it; ${can}`
  return { state: 'snapshot-ahead', why }
}

function behind(read: LogRead): Verdict {
  const held = heldBy(read)
  const last = lastOf(read.segments.at(-1))
  if (last >= held || read.segments.length === 0) return undefined
  const why = `the log ends at ${count(last)} and the database holds ${count(held)}: etcd would start and drop the next ${many(held - last, 'write')}; use the database alone`
  return { state: 'behind-database', why }
}

function torn({ segments }: LogRead): Verdict {
  const segment = segments.at(-1)
  if (segment?.fault?.kind !== 'torn') return undefined
  return { state: 'ends-torn', why: `${segment.fault.why}; before it the log ends at ${count(lastOf(segment))}` }
}

/** The worst first. */
const ORDER = [lostDatabase, foreign, broken, commitBeyond, noStart, aheadSnapshot, behind, torn]

function snapFindings(read: LogRead): string[] {
  const recorded = read.segments.flatMap(({ walk }) => walk.snapshots)
  // where records are missing, or were purged with their file, nothing can be said
  const isSeen = ({ index }: RaftMark) =>
    read.segments.length === 1 && index >= (read.segments[0]?.walk.firstIndex ?? 0) && !isBroken(read)
  const sent = read.beside.filter(({ name }) => name.endsWith('.snap.db')).map(({ name }) => name)
  return [
    ...read.snaps.flatMap(({ file, damage }) =>
      damage === undefined ? [] : [`raft snapshot ${file.name}: ${damage}; etcd sets it aside`],
    ),
    ...read.snaps.flatMap(({ file, mark }) =>
      mark && isSeen(mark) && !recorded.some(({ index, term }) => index === mark.index && term === mark.term)
        ? [`raft snapshot ${file.name} is not in the log: etcd passes over it`]
        : [],
    ),
    ...sent.map(
      (name) => `${name} lies beside the database: a database that the leader sent and that was not taken in yet`,
    ),
  ]
}

/** What a mended copy of the log would bring. */
function hints(read: LogRead, { reach }: Mended, state: LogState | undefined): string[] {
  const { db } = read
  const isForeign = foreign(read) !== undefined
  if ((state !== 'gap' && state !== 'damaged') || db.lost !== undefined || isForeign) return []
  if (reach !== undefined) return [`cut to what is sound, the log can be replayed up to ${count(reach)}`]
  return [
    `what is sound of the log does not reach beyond the database, which holds ${count(db.consistentIndex ?? 0)}: use the database alone`,
  ]
}
