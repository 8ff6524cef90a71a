import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { putFile } from '../files.ts'
import type { NodePaths } from '../layout.ts'
import { keepPod, type Pod, type PodSpec } from './pod.ts'

export interface Kubelet {
  pod(name: string): Pod
  close(): Promise<void>
}

const POLL_MS = 100

/**
 * The part of a node's kubelet that matters here: static pods run while their manifest is in
 * `/etc/kubernetes/manifests`, and a container that ended is started again with a new id.
 */
export async function startKubelet(paths: NodePaths, specs: PodSpec[], restartDelayMs: number): Promise<Kubelet> {
  const pods = specs.map((spec) => keepPod(paths.containers, spec, restartDelayMs))
  for (const spec of specs) await putFile(join(paths.manifests, spec.manifest), manifestOf(spec))
  const look = () => {
    for (const pod of pods) pod.want(existsSync(join(paths.manifests, pod.spec.manifest)))
  }
  look()
  const timer = setInterval(look, POLL_MS)

  return {
    pod: (name) => {
      const found = pods.find((pod) => pod.spec.pod === name)
      if (found === undefined) throw new Error(`no pod ${name}`)
      return found
    },
    close: async () => {
      clearInterval(timer)
      await Promise.all(pods.map((pod) => pod.close()))
    },
  }
}

function manifestOf({ pod, container, argv }: PodSpec): string {
  return `apiVersion: v1
kind: Pod
metadata:
  name: ${pod}
  namespace: kube-system
spec:
  hostNetwork: true
  containers:
    - name: ${container}
      command: ${JSON.stringify(argv)}
`
}
