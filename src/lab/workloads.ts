import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { privateDir, putFile } from './files.ts'
import { type LabNode, pathsOf } from './layout.ts'

/** The namespace of the pods that really run. */
export const WORKLOADS = 'web'
const EACH = 3

/** Names of the pods that run on a node. */
export function workloadsOf({ name, role }: Pick<LabNode, 'name' | 'role'>): string[] {
  return role === 'worker' ? Array.from({ length: EACH }, (_, at) => `web-${name}-${at}`) : []
}

/** Lets them run: one file each, `<namespace>_<pod>`, which is there while the pod runs. */
export async function runWorkloads(nodes: readonly LabNode[]): Promise<void> {
  for (const node of nodes) {
    const { workloads } = pathsOf(node)
    for (const name of workloadsOf(node)) {
      await privateDir(workloads)
      await putFile(join(workloads, `${WORKLOADS}_${name}`), '')
    }
  }
}

/** How many of them should run on these nodes, and how many still do. */
export async function countWorkloads(nodes: readonly LabNode[]): Promise<{ expected: number; running: number }> {
  let [expected, running] = [0, 0]
  for (const node of nodes) {
    const { workloads } = pathsOf(node)
    expected += workloadsOf(node).length
    if (existsSync(workloads)) running += (await readdir(workloads)).length
  }
  return { expected, running }
}
