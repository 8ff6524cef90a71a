import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { buildLab, type Lab, type LabNode, type LabOptions } from '../../../src/lab/index.ts'
import { pathsOf } from '../../../src/lab/layout.ts'
import { byPeerId } from '../../../src/lab/leader.ts'
import { waitFor } from '../../../src/lab/wait.ts'
import { etcdReleases, noEtcd } from '../../support/etcd.ts'

export const releases = await etcdReleases()
/** The release that most tests run on: a 3.5 where there is one. */
export const release = releases.findLast(({ minor }) => minor === '3.5') ?? releases.at(-1)
export const without = noEtcd

/** A small, fast sandbox without what a test does not look at. */
export async function smallLab(options: Partial<LabOptions> = {}): Promise<Lab> {
  if (release === undefined) throw new Error(noEtcd)
  return buildLab({
    release,
    store: 'file',
    workers: 0,
    speed: 20,
    backupSeconds: 2,
    apiserver: false,
    eventsDecoy: false,
    ...options,
  })
}

export function nodeOf(lab: Lab, name: string): LabNode {
  const node = lab.nodes.find((one) => one.name === name)
  if (node === undefined) throw new Error(`no node ${name}`)
  return node
}

/** Everything that the etcd-managers wrote, of one node or of all. */
export function logsOf(lab: Lab, nodes: readonly LabNode[] = lab.nodes): string {
  const controlPlane = nodes.filter((node) => node.role === 'control-plane')
  return controlPlane.map((node) => readFileSync(pathsOf(node).etcdLog, 'utf8')).join('\n')
}

export const times = (text: string, part: string): number => text.split(part).length - 1

/** Waits until a line with this text is in a log, `count` times. */
export async function logged(lab: Lab, text: string, count = 1, timeoutMs = 25_000): Promise<void> {
  await waitFor(`"${text}" in the logs`, timeoutMs, async () => (times(logsOf(lab), text) >= count ? true : undefined))
}

const run = promisify(execFile)

/** A command of a node, run as its SSH server would. */
export async function onNode(node: LabNode, ...[command, ...args]: [string, ...string[]]): Promise<string> {
  const { bin } = pathsOf(node)
  const env = { PATH: `${bin}:${process.env.PATH}` }
  return (await run(join(bin, command), args, { env })).stdout
}

export async function containerOf(node: LabNode, pod: string): Promise<string> {
  const { containers } = JSON.parse(await onNode(node, 'crictl', 'ps', '-o', 'json')) as Containers
  const found = containers.find((one) => one.labels['io.kubernetes.pod.name'] === pod)
  if (found === undefined) throw new Error(`no container of ${pod}`)
  return found.id
}

export interface Containers {
  containers: {
    id: string
    state: string
    createdAt: string
    metadata: { name: string }
    labels: Record<string, string>
  }[]
}

/** Stops etcd-manager on the leader, or on the node of this rank; kubelet starts it again. */
export async function restartManager(lab: Lab, rank = 0): Promise<LabNode> {
  const node = (await byPeerId(lab))[rank]
  if (node === undefined) throw new Error('no such node')
  await onNode(node, 'crictl', 'stop', await containerOf(node, `etcd-manager-main-${node.name}`))
  return node
}
