import { mkdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startKubelet } from '../../src/lab/kubelet/kubelet.ts'
import { keepPod, type Pod, type PodSpec } from '../../src/lab/kubelet/pod.ts'
import { imageOf, newId, writeRecord } from '../../src/lab/kubelet/record.ts'
import { type LabNode, pathsOf } from '../../src/lab/layout.ts'
import { writeShims } from '../../src/lab/shims/index.ts'
import { open } from '../adapters/ssh/open.ts'
import {
  containerRuntimeContract,
  type RuntimeUnderTest,
  type WantedContainer,
} from '../contracts/container-runtime.ts'
import { type KubeletUnderTest, staticPodContract } from '../contracts/static-pods.ts'
import { describeOn } from '../support/skip.ts'
import { sshdMissing, startSshd } from '../support/sshd.ts'

/** A node of the sandbox behind a real sshd, as its own server would also have it: its commands first in PATH. */
async function sandboxNode() {
  const root = await mkdtemp(join(tmpdir(), 'rescue-lab-'))
  const node: LabNode = { name: 'node-a', role: 'control-plane', address: '127.0.0.1', port: 0, root }
  const { bin, containers, manifests, aside } = pathsOf(node)
  for (const dir of [bin, containers, manifests, aside]) mkdirSync(dir, { recursive: true })
  await writeShims(node)
  const sshd = await startSshd({ config: [`SetEnv PATH=${bin}:/usr/sbin:/usr/bin:/sbin:/bin`] })
  const host = open(sshd, { root })
  const stop = async () => {
    await host.close()
    await sshd.stop()
    await rm(root, { recursive: true, force: true })
  }
  return { node, host, containers, stop }
}

const specOf = ({ pod, container, stubborn }: WantedContainer): PodSpec => ({
  name: pod,
  pod,
  container,
  manifest: `${pod}.manifest`,
  argv: stubborn ? ['sh', '-c', "trap '' TERM; exec sleep 100000"] : ['sleep', '100000'],
  env: { PATH: process.env.PATH },
  log: '/dev/null',
})

async function double(): Promise<RuntimeUnderTest> {
  const { host, containers, stop } = await sandboxNode()
  const pods: Pod[] = []
  const isListed = async (pod: string) => {
    const { stdout } = await host.run({ effect: 'read', argv: ['crictl', 'ps', '-o', 'json'] })
    return stdout.includes(`"${pod}"`)
  }
  return {
    host,
    image: imageOf('etcd-manager'),
    start: async (wanted) => {
      const pod = keepPod(containers, specOf(wanted), 3_600_000)
      pods.push(pod)
      pod.want(true)
      while (!(await isListed(wanted.pod)));
    },
    startMany: async (count, pod) => {
      const createdAt = BigInt(Date.now()) * 1_000_000n
      const names = Array.from({ length: count }, (_, at) => `c${at + 1}`)
      for (const container of names)
        await writeRecord(
          containers,
          { id: newId(), pod, container, pid: process.pid, attempt: 0, createdAt },
          'RUNNING',
        )
    },
    stop: async () => {
      await Promise.all(pods.map((pod) => pod.close()))
      await stop()
    },
  }
}

async function doubleKubelet(): Promise<KubeletUnderTest> {
  const { node, host, stop } = await sandboxNode()
  const pods = ['etcd-manager-main', 'etcd-manager-events', 'etcd-manager-maintenance']
  const specs = pods.map((name) => ({ ...specOf({ pod: `${name}-node-a`, container: 'etcd-manager' }), name }))
  const kubelet = await startKubelet(node, specs, 150)
  while (pods.some((name) => kubelet.pid(name) === undefined)) await new Promise((resolve) => setTimeout(resolve, 10))
  return {
    host,
    node: node.name,
    kill: async (pid) => void process.kill(pid, 'SIGKILL'),
    stop: async () => {
      await kubelet.close()
      await stop()
    },
  }
}

describeOn(sshdMissing, "the sandbox's double", () => {
  containerRuntimeContract('crictl', double)
  staticPodContract('kubelet', doubleKubelet)
})
