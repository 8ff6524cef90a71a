import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { listMembers } from './etcd/kv.ts'
import { putFile } from './files.ts'
import type { Lab } from './lab.ts'
import { type LabNode, pathsOf } from './layout.ts'
import { waitFor } from './wait.ts'

/** etcd-manager waits a minute, six loops in life, for a member before an empty disk replaces it; then it joins. */
const LOOPS = 20

/**
 * Replaces the disks of the last `count` control-plane nodes by empty ones, one after the other, as a rolling
 * replacement does: what was in their trashcans is gone. etcd-manager takes each into the cluster that it has now.
 */
export async function loseDisks(lab: Lab, count: number): Promise<void> {
  const controlPlane = lab.nodes.filter((node) => node.role === 'control-plane')
  for (const node of controlPlane.slice(controlPlane.length - count)) {
    lab.settings.note(`the disk of node ${node.name} is replaced by an empty one`)
    await lab.stopPod(node.name, 'etcd-manager-main')
    await emptyVolume(node)
    await lab.startPod(node.name, 'etcd-manager-main')
    await joined(lab, node)
  }
}

/** `myid` stays: on kOps a peer is named by its volume's tag, which the new volume has again. */
async function emptyVolume(node: LabNode): Promise<void> {
  const { mainVolume } = pathsOf(node)
  const id = join(mainVolume, 'myid')
  const me = await readFile(id)
  for (const name of await readdir(mainVolume)) await rm(join(mainVolume, name), { recursive: true, force: true })
  await putFile(id, me, 0o644)
}

async function joined(lab: Lab, node: LabNode): Promise<void> {
  const ms = 60_000 + LOOPS * lab.settings.loopSeconds * 1000
  await waitFor(`node ${node.name} is a member again`, ms, async () => {
    const gateway = lab.etcd(node.name)
    // Its own answer: it is a member, it is in touch with a quorum, and nobody is still only registered
    const members = await listMembers(gateway).finally(gateway.close)
    return members.length === 3 && members.every(({ name }) => name) ? true : undefined
  })
}
