import type { RunResult } from '../engine/index.ts'
import { type FactName, type Facts, facts as schemas } from '../steps/facts.ts'
import type { RescueResult } from '../ui/run-result.ts'

export type { CompareResult } from '../ui/drill-compare.ts'
export type { ByHandResult, DrillResult, RescueResult } from '../ui/run-result.ts'

/** A value to print and the exit code that goes with it. */
export interface Outcome<T> {
  value: T
  exitCode: number
}

/** The contract's JSON of a run, from what the engine gives: facts become `source`, `backup` and `verified`. */
export function toRescueResult(result: RunResult): RescueResult {
  const { run, runbook, status, cluster, etcdCluster, steps, error, undoable, left, next } = result
  return {
    run,
    runbook,
    status,
    cluster,
    etcdCluster,
    ...sourceOf(result),
    ...backupOf(result),
    ...verifiedOf(result),
    ...outageOf(result),
    ...movedOf(result),
    steps,
    ...(left.length === 0 ? {} : { left }),
    ...(error === undefined ? {} : { error }),
    ...(undoable.length === 0 ? {} : { undoable }),
    ...(next.length === 0 ? {} : { next }),
  }
}

function sourceOf(result: RunResult): Pick<RescueResult, 'source'> {
  const copy = fact(result, 'copy')
  if (copy === undefined) return {}
  const restored = restoredOf(result)
  const { node, path, token } = copy
  const revision = restored?.revision ?? copy.revision
  return {
    source: {
      node,
      path,
      token,
      ...(revision === undefined ? {} : { revision }),
      ...(restored === undefined ? {} : { keys: restored.keys }),
    },
  }
}

/** The first copy may be left out for another member of its generation: then that one is what was recovered from. */
function restoredOf(result: RunResult): { revision: number; keys: number } | undefined {
  const [restored, expected] = [fact(result, 'restored'), fact(result, 'expected')]
  const isOther = expected !== undefined && fact(result, 'generation') !== undefined
  return isOther && expected.dataDir !== restored?.dataDir ? expected : restored
}

function backupOf(result: RunResult): Pick<RescueResult, 'backup'> {
  const backup = fact(result, 'backup')
  if (backup === undefined) return {}
  const { name, store, from } = backup
  return { backup: { name, store, ...(from === undefined ? {} : { from }) } }
}

/** Also what was found to be wrong, in a run that failed by it. */
function verifiedOf(result: RunResult): Pick<RescueResult, 'verified' | 'members'> {
  const all = { ...result, facts: { ...result.facts, ...result.unverified } }
  const [verified, members] = [fact(all, 'verified'), fact(all, 'members')]
  return { ...(verified === undefined ? {} : { verified }), ...(members === undefined ? {} : { members }) }
}

function outageOf(result: RunResult): Pick<RescueResult, 'outage'> {
  const live = fact(result, 'restoredLive')
  return live === undefined ? {} : { outage: { seconds: live.outageSeconds ?? live.seconds } }
}

/** What each step that carries data has carried; what a resumed transfer sent twice is not counted twice. */
function movedOf(result: RunResult): Pick<RescueResult, 'movedBytes'> {
  const [fetched, generation, aside] = [fact(result, 'fetched'), fact(result, 'generation'), fact(result, 'aside')]
  const [backup, placement, gz] = [fact(result, 'backup'), fact(result, 'placement'), fact(result, 'gz')]
  // check-members fetches the others; their directories are about as large as the one that was counted
  const members = fetched && generation ? generation.members.length * fetched.bytes : (fetched?.bytes ?? 0)
  const here = aside?.dirs.filter(({ where }) => where === 'here').reduce((sum, { bytes }) => sum + bytes, 0) ?? 0
  // published and downloaded again; one that was there before is read first, and only downloaded when it was not copied
  const times = gz !== undefined ? 2 : backup?.from !== undefined ? 3 : 1
  const stored = backup === undefined ? 0 : backup.bytes * times
  const sent = placement && gz && backup === undefined ? placement.seats.length * gz.bytes : 0
  const total = members + here + stored + sent
  return total === 0 ? {} : { movedBytes: total }
}

/** A fact, checked: it may come out of an older journal. */
function fact<N extends FactName>({ facts }: RunResult, name: N): Facts[N] | undefined {
  const parsed = schemas[name].safeParse(facts[name])
  return parsed.success ? (parsed.data as Facts[N]) : undefined
}
