import { decodeNode, decodeObject, recordOf, textOf } from './object.ts'

/** `api-server`: of an instance group of role APIServer, which runs an API server and no etcd. */
export type NodeRole = 'control-plane' | 'api-server' | 'worker'

/** A Node as the API server knew it. Text is as stored. */
export interface KubeNode {
  name: string
  role: NodeRole
  internalIp?: string
  externalIp?: string
  hostname?: string
  kubeletVersion?: string
  /** The cloud's name of the machine: `aws:///eu-west-1a/i-0123`. */
  providerId?: string
  createdAt?: string
}

/** Labels that kubeadm and kOps have given to control-plane nodes, now and before. */
const CONTROL_PLANE = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master']

const API_SERVER = 'node-role.kubernetes.io/api-server'
/** The label that said the role before each role had one of its own. */
const ROLE = 'kubernetes.io/role'

function roleIn(labels: Readonly<Record<string, string>>): NodeRole {
  const has = (label: string) => Object.hasOwn(labels, label)
  const isApiServer = has(API_SERVER) || (has(ROLE) && labels[ROLE] === 'api-server')
  if (CONTROL_PLANE.some(has)) return 'control-plane'
  if (isApiServer) return 'api-server'
  return has(ROLE) && !['node', 'worker'].includes(labels[ROLE] ?? '') ? 'control-plane' : 'worker'
}

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
  return { name, role: roleIn(labels), ...present(found) }
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

function present<T extends object>(fields: T): Present<T> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== ''),
  ) as Present<T>
}
