import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ApiAccess } from './apiserver/client.ts'
import type { LabStore } from './cluster/lab-store.ts'
import type { ClusterPki } from './cluster/node-pki.ts'
import { doublePod, layManagerFiles, podsOf } from './cluster/pods.ts'
import { realPod } from './cluster/real-manager.ts'
import { CLUSTER } from './config-file.ts'
import { type Gateway, openGateway } from './etcd/gateway.ts'
import { isHealthy } from './etcd/kv.ts'
import { putFile } from './files.ts'
import { startInformers } from './informers.ts'
import { type Kubelet, startKubelet } from './kubelet/kubelet.ts'
import { type PodSync, syncPods } from './kubelet/sync-pods.ts'
import { keepUnit, type Unit } from './kubelet/unit.ts'
import type { Lab } from './lab.ts'
import { type LabNode, MAIN_PORTS, pathsOf } from './layout.ts'
import type { LabSettings } from './options.ts'
import { startSpawner } from './spawner/start.ts'
import { noFaults } from './ssh/faults.ts'
import type { SshKeys } from './ssh/keys.ts'
import { nodeEnv, startSshServer } from './ssh/server.ts'
import { waitFor } from './wait.ts'
import { countWorkloads } from './workloads.ts'

export type Closer = () => Promise<unknown>

export interface LabParts {
  dir: string
  settings: LabSettings
  nodes: readonly LabNode[]
  pki: ClusterPki
  keys: SshKeys
  store: LabStore
  configFile: string
  /** Run in reverse at close. */
  closers: Closer[]
}

/** Starts everything that runs on the nodes; what was started is in `closers` at once, so that a failure stops it. */
export async function runLab(parts: LabParts): Promise<Lab> {
  const { nodes, closers } = parts
  const faults = Object.fromEntries(nodes.map((node) => [node.name, noFaults()]))
  const kubeletUnits = new Map<string, Unit>()
  const spawner = await startSpawner()
  closers.push(spawner.close)
  for (const node of nodes) {
    const server = await startSshServer({
      ...{ node, keys: parts.keys, spawner },
      faults: faults[node.name] ?? noFaults(),
    })
    closers.push(server.close)
    const { logs, units } = pathsOf(node)
    const argv = ['sleep', '2147483647'] as const
    const unit = await keepUnit(units, 'kubelet', { argv, env: nodeEnv(node), log: join(logs, 'kubelet.log') })
    kubeletUnits.set(node.name, unit)
    closers.push(unit.close)
  }
  const starting = nodes.filter((node) => node.role === 'control-plane').map((node) => startPods(node, parts))
  for (const kubelet of starting) closers.push(async () => (await kubelet).close())
  const kubelets = new Map<string, Kubelet>()
  for (const kubelet of await Promise.all(starting)) kubelets.set(kubelet.node, kubelet)
  return labOf(parts, faults, { kubelets, kubeletUnits, syncs: startSyncs(parts) })
}

function apiAccess({ nodes, pki }: LabParts): ApiAccess {
  const addresses = nodes.filter((node) => node.role === 'control-plane').map(({ address }) => address)
  return { addresses, ca: pki.kubernetes.cert, ...pki.kubelet }
}

function startSyncs(parts: LabParts): PodSync[] {
  const { nodes, settings, closers } = parts
  const access = apiAccess(parts)
  const workers = nodes.filter((node) => node.role === 'worker')
  const syncs = workers.map((node) => syncPods(node, access, settings.loopSeconds * 1000))
  for (const sync of syncs) closers.push(sync.close)
  return syncs
}

async function startPods(node: LabNode, { dir, settings, store }: LabParts) {
  const manager = settings.etcdManagerBin === undefined ? doublePod(node) : realPod(node, dir, settings, store)
  if (settings.etcdManagerBin === undefined) await layManagerFiles(node, settings.releases)
  const pods = await podsOf(node, settings, manager)
  return startKubelet(node, pods, Math.max(100, 1000 / settings.speed))
}

interface Running {
  kubelets: ReadonlyMap<string, Kubelet>
  kubeletUnits: ReadonlyMap<string, Unit>
  syncs: readonly PodSync[]
}

function labOf(parts: LabParts, faults: Lab['faults'], { kubelets, kubeletUnits, syncs }: Running): Lab {
  const { dir, settings, nodes, pki, keys, store, configFile, closers } = parts
  const controlPlane = nodes.filter((node) => node.role === 'control-plane')

  function etcd(name = 'a'): Gateway {
    const node = controlPlane.find((one) => one.name === name)
    if (node === undefined) throw new Error(`no control-plane node ${name}`)
    const { cert, key } = pki.admin
    return openGateway({ address: node.address, port: MAIN_PORTS.client, ca: pki.clients.cert, cert, key })
  }

  async function ready(names: readonly string[] = controlPlane.map(({ name }) => name)) {
    const loops = settings.loopSeconds * 10_000
    await Promise.all(names.map((name) => waitFor(`etcd on ${name} serves`, 60_000 + loops, () => serves(name))))
  }

  async function countServing(): Promise<number> {
    await ready().catch(() => undefined)
    const answers = await Promise.all(controlPlane.map(({ name }) => serves(name)))
    return answers.filter((answer) => answer === true).length
  }

  // kept: it is asked every 100 ms, and a new connection each time costs both sides more than the answer
  const asked = new Map<string, Gateway>()
  closers.push(async () => {
    for (const gateway of asked.values()) gateway.close()
  })

  async function serves(name: string): Promise<true | undefined> {
    const gateway = asked.get(name) ?? etcd(name)
    asked.set(name, gateway)
    return (await isHealthy(gateway)) ? true : undefined
  }

  function kubeletOf(node: string): Kubelet {
    const kubelet = kubelets.get(node)
    if (kubelet === undefined) throw new Error(`no static pods on node ${node}`)
    return kubelet
  }

  return {
    cluster: CLUSTER,
    dir,
    settings,
    nodes,
    configFile,
    env: store.env,
    identityFile: keys.identityFile,
    knownHosts: keys.knownHosts,
    store: store.main,
    s3Faults: store.s3Faults,
    expire: store.expire,
    stopExpiring: store.stopExpiring,
    faults,
    etcd,
    ready,
    countServing,
    stopPod: (node, pod) => kubeletOf(node).stop(pod),
    startPod: (node, pod) => kubeletOf(node).start(pod),
    killPods: (node, pod) => kubeletOf(node).kill(pod),
    pauseApiservers: (paused) => pauseAll(controlPlane, paused),
    pauseKubelets: (paused) => {
      for (const sync of syncs) sync.paused = paused
    },
    kubeletsAnswered: async (timeoutMs) => {
      const had = syncs.map(({ answers }) => answers)
      const all = async () => (syncs.every(({ answers }, at) => answers > (had[at] ?? 0)) ? true : undefined)
      await waitFor('API servers answer the kubelets', timeoutMs, all)
    },
    workloads: () => countWorkloads(nodes),
    startInformers: async () => {
      const informers = await startInformers(nodes, { kubelets, kubeletUnits, closers }, apiAccess(parts))
      for (const { close } of informers) closers.push(close)
      return informers
    },
    close: async () => {
      while (closers.length > 0) await closers.pop()?.()
    },
  }
}

async function pauseAll(nodes: readonly LabNode[], paused: boolean): Promise<void> {
  for (const node of nodes) {
    const { pauseFile } = pathsOf(node)
    if (paused) await putFile(pauseFile, '')
    else await rm(pauseFile, { force: true })
  }
}
