import { identify, isNearlyEmpty } from '../steps/support/clusters.ts'
import { otherHistory } from '../steps/support/histories.ts'
import { rivalsOf } from '../steps/support/rank.ts'
import { isUnusable } from '../steps/support/reach.ts'
import { flagOf, sayCopy, sayHistories, sayWhichIsRight } from '../steps/support/say-copy.ts'
import { many } from '../words/numbers.ts'
import type { RecoveryCopy, Running } from './copies.ts'
import type { Assessment } from './proposal.ts'
import { betterUnread, onlyBackups, sayUnread } from './unread.ts'
import { sourceOf } from './wording.ts'

interface Question {
  etcdCluster: string
  copies: readonly RecoveryCopy[]
  running: Running
  best: RecoveryCopy | undefined
  /** The operator said which copy: then nothing is left to be guessed. */
  named: RecoveryCopy | undefined
  /** Nodes that were not searched, and that nobody said to do without. */
  unsearched: readonly string[]
  /** Why its backup store could not be read; absent where it was. */
  storeUnread?: string | undefined
}

type Verdict = Pick<Assessment, 'need' | 'why' | 'hint' | 'rivals'>

/**
 * Never guesses between two clusters that are not nearly empty: the one that runs and a copy, or copies of two. That nothing
 * is needed, or nothing is there, is said only when all was looked at.
 */
export function judgeNeed(question: Question): Verdict {
  const { etcdCluster, copies, running, best, named } = question
  if (named) return { need: 'lost', why: `${named.backup ?? named.id} was named` }
  if (etcdCluster !== 'main' && running.nodes.length === 0 && running.holds === undefined)
    return unlessUnsearched(question, 'not-run', `no control-plane node runs etcd ${etcdCluster}`)
  const isRunning = running.holds !== undefined || copies.some(running.uses)
  if (!best) return isRunning ? fine(question) : unlessUnsearched(question, 'nothing', noCopy(question))
  const holds = identify(copies).keysOf(best)
  if (running.holds !== undefined && running.holds >= holds) return fine(question)
  const unclear = doubt(question, best, holds, isRunning) ?? unreadBeside(question, best, holds)
  return unclear ?? { need: 'lost', why: sayLost(running, best) }
}

function doubt(
  { copies, running }: Question,
  best: RecoveryCopy,
  holds: number,
  isRunning: boolean,
): Verdict | undefined {
  if (isRunning && (running.holds === undefined || !isNearlyEmpty(running.holds, holds)))
    return alsoAlive(running.holds, best)
  const rivals = rivalsOf(best, copies, running)
  if (rivals.length > 0)
    return { need: 'unclear', ...sayWhichIsRight(best, rivals), rivals: [best, ...rivals].map(sourceOf) }
  const other = otherHistory(best, copies, running)
  if (other === undefined) return undefined
  const said = sayHistories(best, other.copy, other.why)
  return { need: 'unclear', ...said, rivals: [best, other.copy].map(sourceOf) }
}

/** Newer than all that was read of the best cluster: it may be of this one, and hold more. */
function unreadBeside({ copies }: Question, best: RecoveryCopy, holds: number): Verdict | undefined {
  const { of } = identify(copies)
  const own = copies.filter((copy) => !isUnusable(copy) && of(copy) === of(best))
  const unread = betterUnread(copies, own, holds)
  return unread && { need: 'unclear', ...sayUnread(unread, best) }
}

function sayLost({ holds }: Running, best: RecoveryCopy): string {
  const now = holds === undefined ? 'nothing answers and no etcd of it runs' : `it holds ${many(holds, 'key')} now`
  return `${now}, and the best copy is ${sayCopy(best)}`
}

/** `unknown` is neither fine nor empty. */
function unlessUnsearched(question: Question, need: Assessment['need'], why: string): Verdict {
  const { unsearched, storeUnread, etcdCluster } = question
  if (unsearched.length === 0 && storeUnread !== undefined && need !== 'not-run')
    return {
      need: 'unclear',
      why: `the backup store of etcd ${etcdCluster} could not be read, and may hold what is looked for (${storeUnread}); of what was: ${why}`,
      hint: 'make the store readable and begin again; what it says: etcd-rescue backup list',
    }
  if (unsearched.length === 0) return unlessUnread(question, need, why)
  const nodes = unsearched.join(', ')
  return {
    need: 'unclear',
    why: `${nodes} could not be searched, and may hold what is looked for; of what was: ${why}`,
    hint: `mend it and begin again, or, if what is there is not wanted, say so: --set unsearched=${unsearched.join(',')}`,
  }
}

/** Where nothing was found, or nothing better than what runs, a backup that nobody could look into may be it. */
function unlessUnread(question: Question, need: Assessment['need'], why: string): Verdict {
  const { copies, running, best } = question
  const own = onlyBackups(copies).filter((copy) => !isUnusable(copy) && running.isOf(copy))
  const unread = need === 'not-run' ? undefined : betterUnread(copies, own, running.holds ?? 0)
  if (unread === undefined) return { need, why }
  const said = sayUnread(unread, best)
  return { need: 'unclear', why: `${said.why}; of what was read: ${why}`, hint: said.hint }
}

function fine(question: Question): Verdict {
  const { copies, running, best } = question
  const unread = copies.filter(isUnusable).length
  const isWorth = best !== undefined && !isNearlyEmpty(identify(copies).keysOf(best), running.holds ?? 0)
  const now =
    running.holds === undefined ? 'runs, and does not tell what it holds' : `holds ${many(running.holds, 'key')}`
  const also = [
    ...(isWorth ? [`another cluster is kept in ${sayCopy(best)}: to go back to it, ${flagOf(best)}`] : []),
    ...(unread === 0 ? [] : [`${unread} of ${copies.length} copies cannot be read, as etcd-rescue scan tells`]),
  ]
  const why = [`what runs now ${now}, and no copy that was read holds more`, ...also].join('; ')
  if (running.holds === undefined) return { need: 'unclear', why, hint: 'look at all copies: etcd-rescue scan' }
  return unlessUnsearched(question, 'fine', why)
}

function noCopy({ etcdCluster, copies }: Question): string {
  const foreign = copies.find((copy) => copy.foreign !== undefined)
  if (foreign) return `no copy of etcd ${etcdCluster} was found but of another Kubernetes cluster, ${foreign.foreign}`
  const unread = copies.filter(isUnusable).length
  if (unread > 0) return `${unread} copies of etcd ${etcdCluster} were found, and none can be read`
  return `no copy of etcd ${etcdCluster} was found on any node or in its backup store`
}

function alsoAlive(runs: number | undefined, best: RecoveryCopy): Verdict {
  const now =
    runs === undefined ? 'what runs does not tell what it holds' : `it is not empty: it holds ${many(runs, 'key')}`
  return {
    need: 'unclear',
    why: `${now}, and the best copy is ${sayCopy(best)}`,
    hint: `if the running cluster is to be replaced all the same, name what replaces it: ${flagOf(best)}`,
  }
}
