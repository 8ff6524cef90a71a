import { liveKv } from '../bolt/index.ts'
import { RescueError } from '../errors/rescue-error.ts'
import { kindOf, nodeOf } from '../kube/index.ts'
import type { NodeLine, NodesValue } from '../ui/nodes.ts'
import { many } from '../words/numbers.ts'
import type { Session } from './session.ts'
import { type OpenedSource, withSource } from './sources/index.ts'

export type { NodesValue } from '../ui/nodes.ts'

/** In the order of the config. */
const ROLES: readonly NodeLine['role'][] = ['control-plane', 'api-server', 'worker']

/** The config takes no more workers. */
const MAX_NODES = 10_000

/**
 * The nodes that a copy knows, with their addresses, and the block of the config that names them: an empty cluster no
 * longer knows its nodes. `PRECONDITION` when there are none to read.
 */
export async function listNodes(
  session: Session,
  options: { source: string; etcdCluster: string },
): Promise<NodesValue> {
  try {
    return await withSource(session, options, async (opened, { signal }) => {
      const { nodes, unread } = await readNodes(opened, signal)
      if (nodes.length === 0) throw none(opened.label, unread)
      const unusable = nodes.filter(({ address }) => address === undefined)
      const notes = [
        ...(unread > 0 ? [`${many(unread, 'node')} cannot be read: encrypted at rest, or damaged`] : []),
        ...(unusable.length > 0 ? [`without an address: ${unusable.map(({ name }) => name).join(', ')}`] : []),
      ]
      return { source: opened.label, nodes, yaml: await blockOf(nodes), notes }
    })
  } finally {
    session.screen.end()
  }
}

async function readNodes({ db }: OpenedSource, signal: AbortSignal): Promise<{ nodes: NodeLine[]; unread: number }> {
  const nodes: NodeLine[] = []
  let unread = 0
  for await (const { key, value } of liveKv(db, { signal })) {
    if (kindOf(key)?.resource !== 'nodes' || nodes.length === MAX_NODES) continue
    const node = nodeOf(value)
    if (node) nodes.push(toLine(node))
    else unread++
  }
  const order = ({ role, name }: NodeLine) => `${ROLES.indexOf(role)}${name}`
  return { nodes: nodes.sort((a, b) => (order(a) < order(b) ? -1 : 1)), unread }
}

function toLine({ createdAt: _, ...node }: NonNullable<ReturnType<typeof nodeOf>>): NodeLine {
  const address = node.internalIp ?? node.hostname ?? node.externalIp
  return { ...node, ...(address === undefined ? {} : { address }) }
}

async function blockOf(nodes: readonly NodeLine[]): Promise<string> {
  const { stringify } = await import('yaml')
  const of = (role: NodeLine['role']) =>
    nodes.flatMap(({ name, address, role: own }) => (own === role && address !== undefined ? [{ name, address }] : []))
  const apiServers = of('api-server')
  const block = {
    controlPlane: of('control-plane'),
    ...(apiServers.length === 0 ? {} : { apiServers }),
    workers: of('worker'),
  }
  return stringify({ nodes: block }, { lineWidth: 0 })
}

function none(label: string, unread: number): RescueError {
  const why = unread > 0 ? `${unread} are there, and cannot be read: encrypted at rest?` : 'there are none in it'
  return new RescueError('PRECONDITION', `no node of ${label} can be listed: ${why}`, {
    hint: 'choose another copy: etcd-rescue scan; nodes are in etcd main',
  })
}
