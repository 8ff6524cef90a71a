import type { Peer } from './peers.ts'

/** A peer that did not answer for this many loops is no longer counted in the election. */
const GONE_LOOPS = 3

export type Standing = 'follower' | 'just-elected' | 'leader'

/**
 * The lowest peer id leads. A leader that is away for a moment stays leader, since the others count it for a few loops;
 * its process is a new one, though, and reads the control store again (FACTS 1, 4). A peer that comes back changes
 * nothing; a new one makes the leader resign and be elected again.
 */
export function election() {
  const lastSeen = new Map<string, number>()
  let acked: Set<string> | undefined
  let loop = 0

  return function stand(me: string, peers: Peer[]): Standing {
    loop += 1
    for (const peer of peers) lastSeen.set(peer.id, loop)
    const counted = [...lastSeen].filter(([, seen]) => loop - seen < GONE_LOOPS).map(([id]) => id)
    if (counted.some((id) => id < me)) {
      acked = undefined
      return 'follower'
    }
    const known = acked
    if (known === undefined || peers.some((peer) => !known.has(peer.id))) {
      acked = new Set(peers.map((peer) => peer.id))
      return 'just-elected'
    }
    return 'leader'
  }
}
