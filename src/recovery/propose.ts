import { candidates, isNamed, type RecoveryCopy, runningNow } from './copies.ts'
import { estimate } from './estimate.ts'
import { judgeNeed } from './need.ts'
import { type Assessment, METHODS, type Method, type Proposal } from './proposal.ts'
import { touchedBy } from './touches.ts'
import { type Found, findSources, type Way, wayOf } from './ways.ts'
import { comesBack, loses, sourceOf } from './wording.ts'

/** All that is known of one etcd cluster. */
export interface Situation {
  etcdCluster: string
  /** Everything that was found of it, on nodes and in its store, what runs now among it. */
  copies: readonly RecoveryCopy[]
  /** What its etcd serves now, where it answers. */
  live?: { keys: number; clusterId: string } | undefined
  /** Names of the control-plane nodes. */
  nodes: readonly string[]
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
  const { etcdCluster, copies, live, nodes } = situation
  const running = runningNow(copies, live)
  const usable = candidates(copies, running)
  const named = namedIn(situation)
  const found = findSources({ copies, usable, running, nodes, named })
  const verdict = judgeNeed({ etcdCluster, copies, usable, running, best: found.best, named })
  if (verdict.need !== 'lost' && verdict.need !== 'unclear') return { etcdCluster, ...verdict, proposals: [] }
  const ways = METHODS.map((method) => ({ method, way: wayOf(method, found) }))
  const proposals = ways.map(({ method, way }, index) => ({
    ...propose(method, way, found, situation),
    ...nextOf(way, ways.slice(index + 1)),
  }))
  const possible = proposals.filter((proposal) => proposal.possible)
  const best = possible.find(({ why }) => why === undefined) ?? possible[0]
  return {
    ...{ etcdCluster, ...verdict, proposals },
    ...(best === undefined ? {} : { best }),
    ...(named === undefined ? {} : { named: true }),
  }
}

const namedIn = ({ copies, copy, backup }: Situation) =>
  copies.find((one) => (copy !== undefined && isNamed(one, copy)) || (backup !== undefined && one.backup === backup))

function nextOf(way: Way, later: readonly { method: Method; way: Way }[]): Pick<Proposal, 'next'> {
  const next = 'whyNot' in way ? later.find((other) => 'source' in other.way) : undefined
  return next === undefined ? {} : { next: next.method }
}

function propose(method: Method, way: Way, found: Found, situation: Situation): Proposal {
  const { etcdCluster, copies, bytesPerSecond, loopSeconds, nodes, now } = situation
  const { generation, best } = found
  if ('whyNot' in way) {
    const none = { comesBack: '', lost: [], seconds: 0, outageSeconds: 0, touches: [] }
    return { etcdCluster, method, possible: false, why: way.whyNot, ...none }
  }
  const { source, behind } = way
  const { sizeBytes: dbBytes, walBytes, recordsKept: records = 0 } = source
  return {
    etcdCluster,
    method,
    possible: true,
    ...(behind === undefined ? {} : { why: behind }),
    source: sourceOf(source),
    comesBack: comesBack(method, source, generation, now),
    lost: loses({ method, source, best: best ?? source, copies, generation }),
    ...estimate(method, { dbBytes, walBytes, records, bytesPerSecond, loopSeconds, members: generation.logs }),
    touches: touchedBy(method, nodes.length),
  }
}
