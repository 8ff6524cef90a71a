import { join } from 'node:path'
import type { ApiAccess } from './apiserver/client.ts'
import { type Informer, startInformer } from './apiserver/informer.ts'
import type { Kubelet } from './kubelet/kubelet.ts'
import { keepUnit, type Unit } from './kubelet/unit.ts'
import { type LabNode, pathsOf } from './layout.ts'
import { nodeEnv } from './ssh/server.ts'

interface Processes {
  kubelets: ReadonlyMap<string, Kubelet>
  kubeletUnits: ReadonlyMap<string, Unit>
  closers: (() => Promise<unknown>)[]
}

const CONTROL_LOOP = ['kube-controller-manager', 'kube-scheduler']

/** Every kubelet, controller-manager and scheduler, and on each worker a kube-proxy, each with the memory of its process. */
export async function startInformers(
  nodes: readonly LabNode[],
  { kubelets, kubeletUnits, closers }: Processes,
  access: ApiAccess,
): Promise<Informer[]> {
  const informers: Informer[] = []
  const begin = (name: string, pid: () => number | undefined) => informers.push(startInformer(name, pid, access))
  for (const node of nodes) {
    begin(`kubelet ${node.name}`, () => kubeletUnits.get(node.name)?.pid())
    if (node.role === 'control-plane')
      for (const pod of CONTROL_LOOP) begin(`${pod} ${node.name}`, () => kubelets.get(node.name)?.pid(pod))
    else {
      const proxy = await keepProxy(node)
      closers.push(proxy.close)
      begin(`kube-proxy ${node.name}`, proxy.pid)
    }
  }
  return informers
}

function keepProxy(node: LabNode): Promise<Unit> {
  const { logs, units } = pathsOf(node)
  const argv = ['sleep', '2147483647'] as const
  return keepUnit(units, 'kube-proxy', { argv, env: nodeEnv(node), log: join(logs, 'kube-proxy.log') })
}
