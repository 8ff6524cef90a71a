import { count } from '../../words/numbers.ts'
import type { Copy } from '../facts.ts'
import { furthestRevision } from './backwards.ts'
import { identify } from './clusters.ts'
import { isCandidate, rankCopies } from './rank.ts'
import { reach } from './reach.ts'
import { runningCluster } from './running.ts'

/** What one copy would bring, when the one that was chosen cannot be replayed in full. */
export interface Offer {
  /** What `--copy` takes. */
  id: string
  node: string
  path: string
  /** Of the copy that failed: what its database holds without its log. */
  how: 'log' | 'database'
  /** How far it reaches in the log of the cluster. */
  index: number | undefined
  /** The revision that comes back with it, an estimate where the log is the larger part. */
  revision: number | undefined
  isFailed: boolean
}

/** The copy that could not be replayed, and what was found that it brings all the same. */
interface Failed {
  copy: Copy
  /** Default: its database alone. */
  brings?: { revision: number; how: 'log' | 'database' }
}

/**
 * The best of all copies of the same cluster with what each would bring, best first: the one that failed stands where what
 * is left of it belongs, so that its database alone is never offered while another member has more. Pure.
 */
export function offersAfter(copies: readonly Copy[], { copy: failed, brings }: Failed): Offer[] {
  const running = runningCluster(copies)
  const { of } = identify(copies)
  const same = (copy: Copy) => of(copy) === of(failed) && isCandidate(copy, running)
  const others = rankCopies(copies, running).filter((copy) => !isSame(copy, failed) && same(copy))
  const offers = others.map((copy) => ({ ...whole(copy), isFailed: false }))
  const { id, node, path, revision, consistentIndex: index } = failed
  const left: Offer = { id, node, path, how: 'database', index, revision, ...brings, isFailed: true }
  const at = offers.findIndex((offer) => isLess(offer, left))
  return at < 0 ? [...offers, left] : [...offers.slice(0, at), left, ...offers.slice(at)]
}

const isSame = (one: Copy, other: Copy) => one.node === other.node && one.path === other.path

function whole(copy: Copy): Omit<Offer, 'isFailed'> {
  const { id, node, path, consistentIndex = 0 } = copy
  const { index } = reach(copy)
  const isOfLog = (index ?? 0) > consistentIndex
  return {
    id,
    node,
    path,
    how: isOfLog ? 'log' : 'database',
    index,
    revision: isOfLog ? furthestRevision(copy) : copy.revision,
  }
}

const isLess = (offer: Offer, than: Offer) => (offer.revision ?? 0) < (than.revision ?? 0)

/** Rows for people: the copy, what comes back, and by what. */
export function offerRows(offers: readonly Offer[]): string[][] {
  return offers.map(({ id, revision, how, isFailed }) => [
    id,
    revision === undefined ? 'not known' : `up to revision ${count(revision)}`,
    `${how === 'log' ? 'its log' : 'its database alone'}${isFailed ? ', as its log cannot be replayed in full' : ''}`,
  ])
}
