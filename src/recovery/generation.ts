import { toRescueError } from '../errors/rescue-error.ts'
import type { Copy } from '../steps/facts.ts'
import { type Backwards, compareRevisions } from '../steps/support/backwards.ts'
import { formGeneration } from '../steps/support/generation.ts'
import { logsFound } from '../steps/support/logs-found.ts'
import type { KnownSeats } from '../steps/support/seat-seen.ts'
import { isOnNode, type Live, type RecoveryCopy, type Running } from './copies.ts'

/** The members of one incarnation of an etcd cluster, as far as they were found. */
export interface Generation {
  /** How many members' directories with their logs there are. */
  logs: number
  /** How many members the cluster has, by its databases. */
  size: number
  /** The directories that go back to their places; none where they cannot. */
  members: RecoveryCopy[]
  /** Why they cannot go on as they were. */
  whyNot?: string
  /** Only of one that can go on. */
  backwards?: Backwards
}

interface Looked {
  copies: readonly RecoveryCopy[]
  /** Names of the control-plane nodes. */
  nodes: readonly string[]
  running: Running
  live: Live | undefined
  isAllSearched: boolean
  /** Nodes whose directory is not to be used. */
  without: readonly string[]
  seats: KnownSeats
}

/** The generation of a copy, by the rules of the step that returns to it. */
export function generationOf(copy: RecoveryCopy, looked: Looked): Generation {
  const { copies, nodes, running } = looked
  const found = logsFound(copy, copies.filter(isOnNode), running, nodes.length)
  const formed = form(copy, looked)
  if (typeof formed === 'string') return { ...found, members: [], whyNot: formed }
  const { live, isAllSearched } = looked
  const question = { copies, members: formed, size: found.size, running, isAllSearched }
  const at = live?.revision === undefined ? undefined : { revision: live.revision }
  return { ...found, members: formed, backwards: compareRevisions({ ...question, live: at }) }
}

function form(copy: RecoveryCopy, { copies, nodes, running, without, seats }: Looked): RecoveryCopy[] | string {
  const onNodes = copies.filter(({ foreign }) => foreign === undefined).flatMap(toStepCopy)
  const [chosen] = toStepCopy(copy)
  if (chosen === undefined) return 'the copy is on no node'
  try {
    const known = new Map([...seats].flatMap(([node, seat]) => (seat.is === 'seen' ? [[node, seat.value]] : [])))
    const { members } = formGeneration({ copies: onNodes, copy: chosen, nodes, without, running, seats: known })
    return copies.filter(({ node, path }) => members.some((one) => one.node === node && one.path === path))
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
