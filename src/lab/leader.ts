import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Lab } from './lab.ts'
import { type LabNode, pathsOf } from './layout.ts'

/** Control-plane nodes by peer id: the first one's etcd-manager leads (FACTS 1). */
export async function byPeerId(lab: Lab): Promise<LabNode[]> {
  const found: { node: LabNode; id: string }[] = []
  for (const node of lab.nodes) {
    if (node.role !== 'control-plane') continue
    found.push({ node, id: (await readFile(join(pathsOf(node).mainVolume, 'myid'), 'utf8')).trim() })
  }
  return found.sort((a, b) => (a.id < b.id ? -1 : 1)).map(({ node }) => node)
}
