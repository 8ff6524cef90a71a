import { cp, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { privateDir, putFile } from '../files.ts'
import type { Lab } from '../lab.ts'
import { pathsOf } from '../layout.ts'
import { trashcanOf } from '../trashcans.ts'

/** The node that the volume is attached to. */
const NODE = 'b'

/** What a disk snapshot holds beside the data: taken before the incident. */
export interface DiskSnapshot {
  state: Buffer
  myid: Buffer
}

export async function diskSnapshot(lab: Lab): Promise<DiskSnapshot> {
  const { mainVolume } = pathsOf(node(lab))
  const [state, myid] = await Promise.all(['state', 'myid'].map((name) => readFile(join(mainVolume, name))))
  return { state: state ?? Buffer.alloc(0), myid: myid ?? Buffer.alloc(0) }
}

/**
 * Attaches a volume made from a disk snapshot beside the one that etcd-manager runs on: `data/<old token>`, and a `state`
 * and `myid` that are those of the node as it was before the incident. Nothing runs on it.
 */
export async function attachBeside(lab: Lab, { state, myid }: DiskSnapshot): Promise<void> {
  const { besideVolume } = pathsOf(node(lab))
  const trashcan = trashcanOf(node(lab))
  const [token] = await readdir(trashcan)
  if (token === undefined) throw new Error(`nothing in ${trashcan}`)
  await privateDir(join(besideVolume, 'data'))
  await cp(join(trashcan, token), join(besideVolume, 'data', token), { recursive: true })
  await putFile(join(besideVolume, 'state'), state)
  await putFile(join(besideVolume, 'myid'), myid, 0o644)
  lab.settings.note(`a volume made from a disk snapshot is attached to node ${NODE}`)
}

function node(lab: Lab) {
  const found = lab.nodes.find(({ name }) => name === NODE)
  if (found === undefined) throw new Error(`no node ${NODE}`)
  return found
}
