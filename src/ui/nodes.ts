import { many } from '../words/numbers.ts'
import { tableLines } from './table.ts'

/** What `nodes --json` prints. */
export interface NodesValue {
  source: string
  nodes: NodeLine[]
  /** The block `nodes:` of etcd-rescue.yaml. */
  yaml: string
  notes: string[]
}

export interface NodeLine {
  name: string
  /** `api-server`: of an instance group of role APIServer. */
  role: 'control-plane' | 'api-server' | 'worker'
  /** What the block takes: the internal address, else the host name, else the external one. */
  address?: string
  internalIp?: string
  externalIp?: string
  hostname?: string
  kubeletVersion?: string
  providerId?: string
}

const columns = ['node', 'role', 'internal', 'external', 'kubelet', 'provider id']

export function nodesLines({ source, nodes, yaml, notes }: NodesValue, width?: number): string[] {
  const rows = nodes.map((node) => [
    node.name,
    node.role,
    node.internalIp ?? '',
    node.externalIp ?? '',
    node.kubeletVersion ?? '',
    node.providerId ?? '',
  ])
  return [
    `${source}: ${many(nodes.length, 'node')}`,
    '',
    ...tableLines(columns, rows, width),
    '',
    'For etcd-rescue.yaml; restart kubelet then reaches all of them:',
    '',
    ...yamlLines(yaml),
    ...notes.map((note) => `note: ${note}`),
  ]
}

export const yamlLines = (yaml: string): string[] => yaml.trimEnd().split('\n')
