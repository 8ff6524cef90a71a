import { keysIn } from '../steps/support/clusters.ts'
import { rejoinCommand } from '../steps/support/rejoin-command.ts'
import type { KnownSeats } from '../steps/support/seat-seen.ts'
import { sayGoesOnWithout } from '../steps/support/volumeless.ts'
import { candidates, isNamed, type Live, type RecoveryCopy, runningNow } from './copies.ts'
import { estimate } from './estimate.ts'
import { judgeNeed } from './need.ts'
import { notesOn } from './notes.ts'
import { type Assessment, METHODS, type Method, type Proposal } from './proposal.ts'
import { leftBehind } from './rejoin.ts'
import { touchedBy } from './touches.ts'
import { type Found, findSources, volumeless, type Way, wayOf } from './ways.ts'
import { comesBack, loses, sourceOf } from './wording.ts'

/** All that is known of one etcd cluster. */
export interface Situation {
  etcdCluster: string
  /** Everything that was found of it, on nodes and in its store, what runs now among it. */
  copies: readonly RecoveryCopy[]
  /** What its etcd serves now, where it answers. */
  live?: Live | undefined
  /** Names of the control-plane nodes. */
  nodes: readonly string[]
  /** Nodes that were not searched, or not in full, and that nobody said to do without. Default: none. */
  unsearched?: readonly string[]
  /** Nodes that do not answer, whether or not they are to be searched. Default: none. */
  away?: readonly string[]
  /** Why its backup store could not be read. Default: it was. */
  storeUnread?: string | undefined
  /** Nodes whose directory the operator does not want used. Default: none. */
  without?: readonly string[]
  /** Which volume each node's etcd-manager uses, or why that is not known. Default: that of the etcd that runs. */
  seats?: KnownSeats
  /** Bytes a second from a node to this machine. */
  bytesPerSecond?: number | undefined
  /** Of etcd-manager's loop. */
  loopSeconds?: number | undefined
  /** The copy that the operator named, `NODE:TOKEN`: only its generation counts. */
  copy?: string | undefined
  /** The backup that the operator named. */
  backup?: string | undefined
  now: Date
}

/**
 * Whether an etcd cluster needs a recovery, and the four ways to it in the order of preference: return in place, seed in
 * place, rebuild through a backup of the best copy, restore the newest good backup. Pure: reads no clock and no world.
 */
export function proposeMethods(situation: Situation): Assessment {
  const { etcdCluster, copies, live, nodes, unsearched = [] } = situation
  const running = runningNow(copies, live)
  const usable = candidates(copies, running)
  const named = namedIn(situation)
  const { without = [], seats = new Map(), storeUnread } = situation
  const isAllSearched = unsearched.length === 0
  const found = findSources({ copies, usable, running, live, nodes, named, isAllSearched, without, seats })
  const verdict = judgeNeed({ etcdCluster, copies, running, best: found.best, named, unsearched, storeUnread })
  const isNeeded = verdict.need === 'lost' || (verdict.need === 'unclear' && found.best !== undefined)
  if (!isNeeded) {
    const left = verdict.need === 'fine' ? rejoin(situation, verdict.why) : {}
    return { etcdCluster, ...verdict, ...left, proposals: [] }
  }
  const ways = METHODS.map((method) => ({ method, way: wayOf(method, found) }))
  const proposals = ways.map(({ method, way }, index) => ({
    ...propose(method, way, found, situation),
    ...nextOf(way, ways.slice(index + 1)),
  }))
  const possible = proposals.filter((proposal) => proposal.possible)
  const best = possible.find(({ why }) => why === undefined) ?? possible[0]
  const lacking = volumeless(seats)
  const notes = [...lacking.map((node) => sayGoesOnWithout(node, etcdCluster)), ...notesOn(copies, found)]
  const open = lacking.filter((node) => !without.includes(node))
  return {
    ...{ etcdCluster, ...verdict, ...seatDoubt(verdict, ways), proposals },
    ...(notes.length === 0 ? {} : { notes }),
    ...(open.length === 0 ? {} : { volumeless: open }),
    ...(best === undefined ? {} : { best }),
    ...(named === undefined ? {} : { named: true }),
  }
}

/** A better way is only missing an answer: nobody takes a worse one unasked. */
function seatDoubt({ need }: Pick<Assessment, 'need'>, ways: readonly { way: Way }[]): Partial<Assessment> {
  const seat = ways.map(({ way }) => ('whyNot' in way ? way.seat : undefined)).find((one) => one !== undefined)
  return need !== 'lost' || seat === undefined ? {} : { need: 'unclear', why: seat.why, hint: seat.hint }
}

/** What runs is right, and a node has no part in it. */
function rejoin({ etcdCluster, copies, live, nodes }: Situation, why: string): Pick<Assessment, 'why' | 'hint'> {
  const [node, ...others] = leftBehind(copies, live, nodes)
  if (node === undefined) return { why }
  const then = others.length === 0 ? '' : `; then the same for ${others.join(', ')}`
  return {
    why: `${why}; but ${[node, ...others].join(', ')} went on with another cluster, and joins this one only when told to`,
    hint: `take it in: ${rejoinCommand(node, etcdCluster)}${then}`,
  }
}

const namedIn = ({ copies, copy, backup }: Situation) =>
  copies.find((one) => (copy !== undefined && isNamed(one, copy)) || (backup !== undefined && one.backup === backup))

function nextOf(way: Way, later: readonly { method: Method; way: Way }[]): Pick<Proposal, 'next'> {
  const next = 'whyNot' in way ? later.find((other) => 'source' in other.way) : undefined
  return next === undefined ? {} : { next: next.method }
}

function propose(method: Method, way: Way, found: Found, situation: Situation): Proposal {
  const { etcdCluster, copies, bytesPerSecond, loopSeconds, nodes, away = [], now, seats = new Map() } = situation
  const { generation, best } = found
  if ('whyNot' in way) {
    const none = { comesBack: '', lost: [], seconds: 0, outageSeconds: 0, touches: [] }
    return { etcdCluster, method, possible: false, why: way.whyNot, ...none }
  }
  const { source, behind } = way
  const { sizeBytes: dbBytes, walBytes } = source
  const records = keysIn(source) ?? 0
  const revisions = method === 'return-in-place' ? generation.backwards : undefined
  return {
    etcdCluster,
    method,
    possible: true,
    ...(behind === undefined ? {} : { why: behind }),
    source: sourceOf(source),
    comesBack: comesBack(method, source, generation, now),
    lost: loses({ method, source, best: best ?? source, copies, generation }),
    ...estimate(method, {
      dbBytes,
      walBytes,
      records,
      bytesPerSecond,
      loopSeconds,
      members: generation.members.length,
    }),
    touches: touchedBy(method, {
      nodes: nodes.filter((node) => !away.includes(node)).length - volumeless(seats).length,
      away,
      goesBack: revisions !== undefined && revisions.isBackwards !== false,
    }),
    ...(revisions === undefined ? {} : { revisions }),
  }
}
