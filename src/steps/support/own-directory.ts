import type { EtcdStatus } from '../../ports/etcd.ts'
import type { World } from '../../ports/world.ts'
import type { Copy } from '../facts.ts'
import { logOnNode } from './log-on-node.ts'
import { ownDirectories, whyNotFit } from './rejoin-seat.ts'
import type { RunningCluster } from './running-without.ts'
import type { Place } from './seats.ts'

interface Choosing {
  needs: { copies: Copy[] }
  world: World
  signal: AbortSignal
  note(line: string): void
  progress(label: string, done: number, total: number): void
}

/**
 * The node's own directory that goes back, the one that reaches furthest first. Its whole log is read before: an etcd does
 * not start on one that is damaged, or drops what is behind, and its etcd-manager is stopped by then. Each that is passed
 * over is told, and why.
 */
export async function ownToPutBack(
  context: Choosing,
  place: Place,
  running: RunningCluster,
): Promise<Copy | undefined> {
  const [status] = running.answers.map((answer) => answer.status).sort((a, b) => b.raftIndex - a.raftIndex)
  for (const copy of ownDirectories(context.needs.copies, place, running)) {
    const why = status && (whyNotFit(copy, status) ?? (await whyNotWhole(context, place, copy, status)))
    if (why === undefined) return copy
    context.note(`${copy.path} on ${place.node} is not put back: ${why}`)
  }
  return undefined
}

async function whyNotWhole(
  { world, signal, progress }: Choosing,
  { node, base }: Place,
  copy: Copy,
  status: EtcdStatus,
): Promise<string | undefined> {
  const host = world.controlPlane.find(({ name }) => name === node)
  if (host === undefined) return 'its node cannot be asked'
  const onBytes = (done: number, total: number) => progress('log read', done, total)
  const log = await logOnNode({ host, base, path: copy.path }, { signal, onBytes })
  if (log.is === 'absent') return 'it is no longer there'
  if (log.is === 'unseen') return `its log could not be read to its beginning: ${log.why}`
  const { term, lastTerm = term, lastIndex, why } = log.value
  const unfit = whyNotFit({ ...copy, log: log.value, walTerm: lastTerm, walIndex: lastIndex }, status)
  return unfit === undefined || why === undefined ? unfit : `${unfit} (${why})`
}
