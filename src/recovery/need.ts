import { CLOSE_SHARE, identify, isUnusable, rivalOf } from '../steps/support/rank.ts'
import type { RecoveryCopy, Running } from './copies.ts'
import type { Assessment } from './proposal.ts'

interface Question {
  etcdCluster: string
  copies: readonly RecoveryCopy[]
  usable: readonly RecoveryCopy[]
  running: Running
  best: RecoveryCopy | undefined
  /** The operator said which copy: then nothing is left to be guessed. */
  named: RecoveryCopy | undefined
}

type Verdict = Pick<Assessment, 'need' | 'why' | 'hint'>

/** What the operator types to have this one. */
const flagOf = ({ id, backup }: RecoveryCopy) => (backup === undefined ? `--copy ${id}` : `--backup ${backup}`)

const count = (value: number) => Math.round(value).toLocaleString('en-US')

/** Never guesses between two that hold about as much: the running cluster and a copy, or copies of two clusters. */
export function judgeNeed(question: Question): Verdict {
  const { etcdCluster, copies, usable, running, best, named } = question
  if (named) return { need: 'lost', why: `${named.id} was named` }
  const isOptional = etcdCluster !== 'main'
  if (isOptional && running.nodes.length === 0 && running.holds === undefined)
    return { need: 'not-run', why: `no control-plane node runs etcd ${etcdCluster}` }
  if (!best) return running.holds === undefined ? noCopy(etcdCluster) : fine(running.holds, copies)
  const holds = identify(copies).records.get(identify(copies).of(best)) ?? 0
  if (running.holds !== undefined && running.holds >= holds) return fine(running.holds, copies)
  if (running.holds !== undefined && running.holds >= CLOSE_SHARE * holds) return alsoAlive(running.holds, holds, best)
  const rival = rivalOf(best, usable)
  if (rival) return twoClusters(best, rival)
  const now = running.holds === undefined ? 'nothing' : `${count(running.holds)} keys`
  return { need: 'lost', why: `it holds ${now} now, where ${best.id} holds about ${count(holds)} records` }
}

function fine(holds: number, copies: readonly RecoveryCopy[]): Verdict {
  const unread = copies.filter(isUnusable).length
  const but = unread === 0 ? '' : `; ${unread} of ${copies.length} copies cannot be read, as etcd-rescue scan tells`
  return { need: 'fine', why: `what runs now holds ${count(holds)} keys or records, and no copy holds more${but}` }
}

function noCopy(etcdCluster: string): Verdict {
  return { need: 'nothing', why: `no copy of etcd ${etcdCluster} was found on any node or in its backup store` }
}

function alsoAlive(runs: number, holds: number, best: RecoveryCopy): Verdict {
  return {
    need: 'unclear',
    why: `it is not empty: it holds ${count(runs)} keys, and ${best.id} about ${count(holds)} records`,
    hint: `if the running cluster is to be replaced all the same, name the copy: ${flagOf(best)}`,
  }
}

function twoClusters(best: RecoveryCopy, rival: RecoveryCopy): Verdict {
  return {
    need: 'unclear',
    why: `${best.id} and ${rival.id} are of different clusters and hold about as much`,
    hint: `say which one is right: ${flagOf(best)} or ${flagOf(rival)}`,
  }
}
