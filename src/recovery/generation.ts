import { toRescueError } from '../errors/rescue-error.ts'
import type { Copy } from '../steps/facts.ts'
import { formGeneration, quorumOf } from '../steps/support/generation.ts'
import { isUnusable } from '../steps/support/rank.ts'
import type { RecoveryCopy } from './copies.ts'

/** The members of one incarnation of an etcd cluster, as far as they were found. */
export interface Generation {
  /** How many members' directories with their logs there are. */
  logs: number
  /** How many members the cluster has, by its databases. */
  size: number
  /** Why they cannot go on as they were. */
  whyNot?: string
}

/** The generation of a copy, by the rules of the step that returns to it. `nodes`: the control-plane nodes' names. */
export function generationOf(
  copy: RecoveryCopy,
  copies: readonly RecoveryCopy[],
  nodes: readonly string[],
): Generation {
  const same = copies.filter(
    (one) =>
      one.clusterId !== undefined && one.clusterId === copy.clusterId && !isUnusable(one) && one.foreign === undefined,
  )
  const logs = new Set(same.flatMap(({ node, walIndex }) => (walIndex === undefined ? [] : [node]))).size
  const size = copy.members?.length || nodes.length
  const whyNot = refusal(copy, copies, nodes)
  return { logs, size, ...(whyNot === undefined ? {} : { whyNot }) }
}

export const hasQuorum = ({ logs, size }: Generation) => logs >= quorumOf(size)

function refusal(copy: RecoveryCopy, copies: readonly RecoveryCopy[], nodes: readonly string[]): string | undefined {
  const onNodes = copies.filter(({ foreign }) => foreign === undefined).flatMap(toStepCopy)
  const [chosen] = toStepCopy(copy)
  if (chosen === undefined) return 'the copy is on no node'
  try {
    formGeneration({ copies: onNodes, copy: chosen, nodes, without: [] })
    return undefined
  } catch (error) {
    return toRescueError(error).message.replace(/^cannot return in place: /, '')
  }
}

/** As the steps know it; backups are none. */
function toStepCopy({ node, path, token, place, ...copy }: RecoveryCopy): Copy[] {
  if (node === undefined || path === undefined || token === undefined || place === 'backup') return []
  const known = Object.fromEntries(Object.entries(copy).filter(([, value]) => value !== undefined))
  return [{ ...(known as Omit<Copy, 'node'>), node, path, token, place, etcdCluster: '', findings: [] }]
}
