import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { putFile } from '../files.ts'
import type { Lab } from '../lab.ts'
import { pathsOf } from '../layout.ts'

/** A node's kubelet ends and is not started again: what runs goes on, and nothing is started or stopped by it. */
export async function stopKubelet(lab: Lab, name: string): Promise<void> {
  const units = unitsOf(lab, name)
  await putFile(join(units, 'kubelet.stopped'), '')
  process.kill(Number(await readFile(join(units, 'kubelet.pid'), 'utf8')))
}

/** As `systemctl start kubelet` does. */
export async function startKubeletAgain(lab: Lab, name: string): Promise<void> {
  await rm(join(unitsOf(lab, name), 'kubelet.stopped'))
}

function unitsOf({ nodes }: Lab, name: string): string {
  const node = nodes.find((one) => one.name === name)
  if (node === undefined) throw new Error(`no node ${name}`)
  return pathsOf(node).units
}
