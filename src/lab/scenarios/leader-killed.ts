import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { putFile } from '../files.ts'
import type { Lab } from '../lab.ts'
import { type LabNode, pathsOf } from '../layout.ts'
import { byPeerId } from '../leader.ts'
import { pause } from '../wait.ts'

/** What etcd-manager writes when a member's data goes to the trashcan. */
const ARCHIVES = 'archiving etcd data directory'
const LOOK_MS = 20

/**
 * Has the leader killed once, the next time that it makes a new cluster: the old data is in the trashcan, and the new
 * cluster does not run yet (FACTS 4). The double dies when it has prepared its peers and not started them; the real one
 * is killed as soon as the first member's data goes away. Returns what says whether it has happened.
 */
export async function killLeaderWhileItArchives(lab: Lab): Promise<() => boolean> {
  const [leader] = await byPeerId(lab)
  if (leader === undefined) throw new Error('no leader')
  if (lab.settings.etcdManagerBin !== undefined) return watchReal(lab, leader)
  const { leaderFault } = pathsOf(leader)
  await putFile(leaderFault, '')
  return () => !existsSync(leaderFault)
}

async function watchReal(lab: Lab, leader: LabNode): Promise<() => boolean> {
  const logs = lab.nodes.filter(({ role }) => role === 'control-plane').map((node) => pathsOf(node).etcdLog)
  const from = await Promise.all(logs.map(async (log) => (await stat(log)).size))
  let isDone = false
  const isArchiving = async () => {
    const texts = await Promise.all(logs.map((log) => readFile(log)))
    return texts.some((text, at) => text.subarray(from[at]).includes(ARCHIVES))
  }
  const watch = async () => {
    while (!isDone) {
      if (await isArchiving()) {
        await lab.killPods(leader.name, 'etcd-manager-main')
        isDone = true
      } else await pause(LOOK_MS)
    }
  }
  void watch().catch(() => undefined)
  return () => isDone
}
