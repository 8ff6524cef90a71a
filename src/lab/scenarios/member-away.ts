import { rm } from 'node:fs/promises'
import { type Pair, putKey } from '../etcd/kv.ts'
import { objectLike } from '../kube-kinds.ts'
import type { Lab } from '../lab.ts'
import type { LateWrites } from '../late-writes.ts'
import type { LabNode } from '../layout.ts'
import { trashcanOf } from '../trashcans.ts'
import { waitFor } from '../wait.ts'
import { etcdOn, stallEtcd } from './stalled-etcd.ts'

/** The member that leaves, the one that falls behind it, and the one whose copy does not last. */
const [AWAY, BEHIND, CLEARED] = ['c', 'b', 'a'] as const
const WRITES = 150

/** The nodes that are there when the others are seeded anew. */
export const STAYING = [CLEARED, BEHIND] as const

/**
 * Lets one member fall behind, has more writes acknowledged by the other two, and then stops etcd-manager on one of
 * these. So the two that stay are all that etcd-manager sees, and the one that left holds more than one of them.
 */
export async function leave(lab: Lab): Promise<LateWrites> {
  await stallEtcd(nodeOf(lab, BEHIND))
  const acknowledged = await writeAcknowledged(lab)
  await lab.stopPod(AWAY, 'etcd-manager-main')
  lab.settings.note(`the etcd-manager of node ${AWAY} is gone`)
  return { acknowledged: acknowledged.pairs, revision: acknowledged.revision, uncertain: [] }
}

/** Each is repeated until it is acknowledged: a leader may have to be elected first. */
async function writeAcknowledged(lab: Lab): Promise<{ pairs: Pair[]; revision: number }> {
  const gateway = lab.etcd(CLEARED)
  const pairs: Pair[] = []
  let revision = 0
  try {
    for (let n = 0; n < WRITES; n++) {
      const name = `late-away-${n}`
      const value = objectLike('configmaps', {
        name,
        namespace: 'drill',
        createdAt: 1_700_000_000 + n,
        uid: name,
        filling: '',
      })
      const key = `/registry/configmaps/drill/${name}`
      revision = await waitFor('two of three members take a write', 60_000, () => putKey(gateway, key, value))
      pairs.push({ key: Buffer.from(key), value })
    }
    return { pairs, revision }
  } finally {
    gateway.close()
  }
}

/**
 * The member comes back with its old token in `data/` and in its own `state`, and stays alone (FACTS 5). Somebody has
 * tidied up the trashcan of the node that held as much: only the member that was away has the newest data.
 */
export async function comeBack(lab: Lab): Promise<void> {
  await rm(trashcanOf(nodeOf(lab, CLEARED)), { recursive: true })
  await lab.startPod(AWAY, 'etcd-manager-main')
  await etcdOn(nodeOf(lab, AWAY))
  lab.settings.note(`node ${AWAY} is back, with the old cluster's data; the trashcan of node ${CLEARED} was emptied`)
}

function nodeOf(lab: Lab, name: string): LabNode {
  const node = lab.nodes.find((one) => one.name === name)
  if (node === undefined) throw new Error(`no node ${name}`)
  return node
}
