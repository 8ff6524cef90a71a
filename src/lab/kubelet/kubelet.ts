import { existsSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { putFile } from '../files.ts'
import { type LabNode, pathsOf } from '../layout.ts'
import { waitFor } from '../wait.ts'
import { manifestOf } from './manifest.ts'
import { keepPod, type PodSpec } from './pod.ts'

export interface Kubelet {
  /** The node's name. */
  readonly node: string
  /** Moves the manifest of a static pod away and waits until its container is gone. */
  stop(pod: string): Promise<void>
  /** Moves it back. */
  start(pod: string): Promise<void>
  /** Of a static pod's container; undefined while there is none. */
  pid(pod: string): number | undefined
  /** SIGKILL to one static pod's container, or to those of all; each whose manifest is there is started again. */
  kill(pod?: string): Promise<void>
  close(): Promise<void>
}

const POLL_MS = 100
const STOP_MS = 30_000

/**
 * The part of a node's kubelet that matters here: static pods run while their manifest is in
 * `/etc/kubernetes/manifests`, and a container that ended is started again with a new id. While its unit is stopped
 * nothing is started, and what runs goes on.
 */
export async function startKubelet(node: LabNode, specs: PodSpec[], restartDelayMs: number): Promise<Kubelet> {
  const { containers, manifests, aside, units } = pathsOf(node)
  const isDown = () => existsSync(join(units, 'kubelet.stopped'))
  const pods = specs.map((spec) => keepPod(containers, spec, restartDelayMs, isDown))
  for (const spec of specs) await putFile(join(manifests, spec.manifest), manifestOf(spec), 0o440)
  const look = () => {
    if (isDown()) return
    for (const pod of pods) pod.want(existsSync(join(manifests, pod.spec.manifest)))
  }
  look()
  const timer = setInterval(look, POLL_MS)

  function find(name: string) {
    const found = pods.find(({ spec }) => spec.name === name)
    if (found === undefined) throw new Error(`no static pod ${name} on node ${node.name}`)
    return found
  }

  return {
    node: node.name,
    stop: async (name) => {
      const { spec, pid } = find(name)
      await rename(join(manifests, spec.manifest), join(aside, spec.manifest))
      const what = `${name} on node ${node.name} is stopped`
      await waitFor(what, STOP_MS, async () => (pid() === undefined ? true : undefined))
    },
    start: async (name) => {
      const { manifest } = find(name).spec
      await rename(join(aside, manifest), join(manifests, manifest))
    },
    pid: (name) => find(name).pid(),
    kill: async (name) => {
      await Promise.all((name === undefined ? pods : [find(name)]).map((pod) => pod.kill()))
    },
    close: async () => {
      clearInterval(timer)
      await Promise.all(pods.map((pod) => pod.close()))
    },
  }
}
