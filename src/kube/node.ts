import { decodeNode, decodeObject, recordOf, textOf } from './object.ts'

/** A Node as the API server knew it. Text is as stored. */
export interface KubeNode {
  name: string
  role: 'control-plane' | 'worker'
  internalIp?: string
  externalIp?: string
  hostname?: string
  kubeletVersion?: string
  /** The cloud's name of the machine: `aws:///eu-west-1a/i-0123`. */
  providerId?: string
  createdAt?: string
}

/** Labels that kubeadm and kOps have given to control-plane nodes, now and before. */
const CONTROL_PLANE = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master', 'kubernetes.io/role']

/** A Node out of its value; `undefined` when it is none, or encrypted. */
export function nodeOf(value: Buffer): KubeNode | undefined {
  const node = decodeNode(value)
  const { name, labels, createdAt } = decodeObject(value)
  if (!node || name === undefined) return undefined
  const status = recordOf(node.status)
  const addresses = Array.isArray(status.addresses) ? status.addresses.map(recordOf) : []
  const address = (type: string) => textOf(addresses.find((one) => one.type === type)?.address)
  const found = {
    internalIp: address('InternalIP'),
    externalIp: address('ExternalIP'),
    hostname: address('Hostname'),
    kubeletVersion: textOf(recordOf(status.nodeInfo).kubeletVersion),
    providerId: textOf(recordOf(node.spec).providerID),
    createdAt,
  }
  const isControlPlane = CONTROL_PLANE.some(
    (label) => Object.hasOwn(labels, label) && !['node', 'worker'].includes(labels[label] ?? ''),
  )
  return { name, role: isControlPlane ? 'control-plane' : 'worker', ...present(found) }
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

function present<T extends object>(fields: T): Present<T> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== ''),
  ) as Present<T>
}
