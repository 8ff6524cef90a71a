import { writeFileSync } from 'node:fs'
import type { RemoteHost } from '../../src/ports/remote-host.ts'
import { open } from '../adapters/ssh/open.ts'
import type { RuntimeUnderTest, WantedContainer } from '../contracts/container-runtime.ts'
import { MANAGER_IMAGE, startRealNode } from './real-node.ts'

const AT_ONCE = 4
/** As CRI has it: the namespace of the node. */
const NODE = 2

/** Real containerd by real crictl over a real sshd; the pods are started as kubelet starts them, by crictl. */
export async function realRuntime(): Promise<RuntimeUnderTest> {
  const node = await startRealNode('node-a', { kubelet: false })
  const host = open(node.sshd)
  const crictl = async (...argv: string[]) =>
    (await host.run({ effect: 'change', argv: ['crictl', '-t', '60s', ...argv], timeoutMs: 90_000 })).stdout.trim()
  let written = 0
  const file = (value: unknown) => {
    written += 1
    const path = `/run/${written}.json`
    writeFileSync(node.at(path), JSON.stringify(value))
    return path
  }
  const pods = new Map<string, { config: string; id: string }>()
  async function podOf(pod: string, stubborn: boolean) {
    const known = pods.get(pod)
    if (known) return known
    const config = file({
      metadata: { name: pod, namespace: 'kube-system', uid: pod, attempt: 0 },
      labels: { 'io.kubernetes.pod.name': pod },
      log_directory: '/var/log/pods',
      linux: { security_context: { namespace_options: options(stubborn) } },
    })
    const made = { config, id: await crictl('runp', config) }
    pods.set(pod, made)
    return made
  }
  // the first process of a namespace of its own does not end by a TERM that it does not ask for
  const options = (stubborn: boolean) => ({ network: NODE, ...(stubborn ? {} : { pid: NODE }) })
  async function start({ pod, container, stubborn = false }: WantedContainer) {
    const { config, id } = await podOf(pod, stubborn)
    await crictl('start', await crictl('create', id, file(configOf(pod, container, stubborn, written)), config))
  }
  const configOf = (pod: string, container: string, stubborn: boolean, attempt = 0) => ({
    metadata: { name: container, attempt },
    image: { image: MANAGER_IMAGE },
    command: ['/bin/sleep', '100000'],
    labels: { 'io.kubernetes.pod.name': pod, 'io.kubernetes.container.name': container },
    linux: { security_context: { namespace_options: options(stubborn) } },
  })
  return {
    host,
    image: MANAGER_IMAGE,
    start,
    startMany: async (count, pod) => {
      const { config, id } = await podOf(pod, false)
      for (let at = 1; at <= count; at += 1)
        writeFileSync(node.at(`/run/c${at}.json`), JSON.stringify(configOf(pod, `c${at}`, false)))
      // by one command of the node: a login shell for each would take longer than the containers do
      const each = `crictl -t 60s start $(crictl -t 60s create ${id} /run/c$1.json ${config})`
      const argv = ['sh', '-c', `seq ${count} | xargs -P ${AT_ONCE} -I N sh -ec '${each}' sh N`] as const
      await host.run({ effect: 'change', argv, timeoutMs: 170_000 })
    },
    stop: async () => {
      await host.close()
      await node.stop()
    },
  }
}

const PODS = ['etcd-manager-main', 'etcd-manager-events', 'etcd-manager-maintenance', 'kube-apiserver']

/** A node whose static pods a real kubelet runs on a real containerd. */
export async function realKubelet() {
  const node = await startRealNode('node-a', { kubelet: true })
  const host = open(node.sshd)
  for (const name of PODS) writeFileSync(node.at(`/etc/kubernetes/manifests/${name}.manifest`), manifestOf(name))
  await untilAllRun(host)
  return {
    ...node,
    host,
    node: node.name,
    kill: async (pid: number) => void node.run('kill', '-KILL', String(pid)),
    stop: async () => {
      await host.close()
      await node.stop()
    },
  }
}

/** As kOps writes them: on the node's network, and etcd-manager sees the node's processes. */
function manifestOf(name: string): string {
  const container = name.startsWith('etcd-manager') ? 'etcd-manager' : name
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'kube-system', labels: { 'k8s-app': name } },
    spec: {
      hostNetwork: true,
      hostPID: true,
      priorityClassName: 'system-cluster-critical',
      containers: [
        { name: container, image: MANAGER_IMAGE, imagePullPolicy: 'Never', command: ['/bin/sleep', '100000'] },
      ],
    },
  })
}

async function untilAllRun(host: RemoteHost): Promise<void> {
  const until = Date.now() + 90_000
  for (;;) {
    const { stdout } = await host.run({ effect: 'read', argv: ['crictl', 'ps', '-q'] })
    if (stdout.trim().split('\n').length === PODS.length) return
    if (Date.now() > until) throw new Error(`kubelet did not start its pods: ${stdout}`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}
