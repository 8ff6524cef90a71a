import { kindOf, nodeOf } from '../../kube/index.ts'
import type { EtcdClient } from '../../ports/etcd.ts'
import type { Target, TargetNode } from '../../ports/target.ts'
import { many } from '../../words/numbers.ts'

/** A node as Kubernetes' data has it: by whatever it can be told from the configuration's. */
export interface KnownNode {
  name: string
  addresses: string[]
}

/** Nodes of the data against the configuration's: what a run over all nodes would miss, and what it asks in vain. */
export interface NodeGap {
  /** How many nodes the data knows. */
  known: number
  /** In the data, and not in the configuration. */
  unlisted: KnownNode[]
  /** In the configuration, and not in the data. */
  unknown: string[]
  /** Nodes of the data that cannot be read: encrypted at rest, or damaged. */
  unread: number
}

/** The registry still has the name that nodes had before Kubernetes 1.0. */
const PREFIX = '/registry/minions/'
/** The configuration takes no more either. */
const MAX_NODES = 10_000

/** The nodes that an etcd's data knows: an empty cluster that was seeded no longer knows them. */
export async function readNodes(
  client: EtcdClient,
  signal: AbortSignal,
): Promise<{ nodes: KnownNode[]; unread: number }> {
  const nodes: KnownNode[] = []
  let unread = 0
  for await (const { key, value } of client.range({ prefix: PREFIX, signal })) {
    if (nodes.length + unread >= MAX_NODES) break
    const node = nodeOf(value)
    const name = node?.name ?? kindOf(key)?.name
    if (name === undefined) continue
    if (!node) unread++
    const addresses = [node?.internalIp, node?.hostname, node?.externalIp].filter((one) => one !== undefined)
    nodes.push({ name, addresses })
  }
  return { nodes, unread }
}

/** By name or by address: the configuration may call a node what it likes. */
export function nodeGap({ nodes, unread }: { nodes: readonly KnownNode[]; unread: number }, target: Target): NodeGap {
  const configured = [...target.nodes.controlPlane, ...target.nodes.workers]
  const names = new Set(configured.flatMap(({ name, address }) => [name, address]))
  const known = new Set(nodes.flatMap(({ name, addresses }) => [name, ...addresses]))
  const isListed = ({ name, addresses }: KnownNode) => [name, ...addresses].some((one) => names.has(one))
  const isKnown = ({ name, address }: TargetNode) => known.has(name) || known.has(address)
  return {
    known: nodes.length,
    unlisted: nodes.filter((node) => !isListed(node)),
    unknown: configured.filter((node) => !isKnown(node)).map(({ name }) => name),
    unread,
  }
}

const SHOWN = 20

/** For the operator; nothing when the data has no nodes, as that of events. */
export function gapLines({ known, unlisted, unknown, unread }: NodeGap): string[] {
  if (known === 0) return []
  const lines =
    unlisted.length === 0 && unknown.length === 0 ? [`all ${known} nodes of the data are in the config`] : []
  if (unlisted.length > 0) {
    const which = list(unlisted.map(({ name, addresses }) => [name, ...addresses.slice(0, 1)].join(' ')))
    lines.push(
      `careful: ${unlisted.length} of ${known} nodes of the data are not in the config, so their kubelets are not restarted: ${which}`,
    )
  }
  if (unknown.length > 0)
    lines.push(
      `${many(unknown.length, 'node of the config is', 'nodes of the config are')} not in the data: ${list(unknown)}`,
    )
  if (unread > 0)
    lines.push(
      `${many(unread, 'node of the data', 'nodes of the data')} cannot be read but by name: encrypted at rest, or damaged`,
    )
  return lines
}

/** Names come out of the data: cut, and quoted where they are odd. */
function list(names: readonly string[]): string {
  const shown = names
    .slice(0, SHOWN)
    .map((name) => (/^[\w.: -]{1,300}$/.test(name) ? name : JSON.stringify(name.slice(0, 300))))
  return [...shown, ...(names.length > SHOWN ? [`and ${names.length - SHOWN} more`] : [])].join(', ')
}
