import type { LeftNode } from '../../engine/events.ts'
import type { StepContext } from '../../engine/step.ts'
import { RescueError, toRescueError } from '../../errors/rescue-error.ts'
import { KubeletDown } from '../../node/kubelet.ts'
import { isAway } from './away.ts'
import { onAll } from './on-seats.ts'

type Ctx = StepContext<unknown, unknown>

/** What is waited for on several nodes, when it is enough, and what is typed for a node that is left. */
export interface Waited<A> {
  /** `etcd-manager was not started`: a node's name comes after it. */
  said: string
  nodeOf(one: A): string
  isEnough(up: readonly A[]): boolean
  /** What mends a node that could not be reached, when it is back. */
  whenBack(node: string): Pick<LeftNode, 'command' | 'onNode'>
}

export interface Failed<A> {
  one: A
  error: RescueError
}

/**
 * What one node alone can have: it is away, or nothing is started on it. Whatever else goes wrong may go wrong on all of
 * them, and ends the step.
 */
export function failedAlone(error: unknown, signal: AbortSignal): RescueError | undefined {
  if (signal.aborted || !(error instanceof RescueError)) return undefined
  return isAway(error) || error.code === 'TIMED_OUT' ? error : undefined
}

/**
 * Does it on all of them together. A cluster must not stay down for one node: where enough came up the run goes on, and each
 * node that did not is left by its name, with what is to be typed.
 */
export async function onEnough<A>(
  context: Ctx,
  all: readonly A[],
  work: (one: A) => Promise<void>,
  waited: Waited<A>,
): Promise<void> {
  const failed: Failed<A>[] = []
  await onAll(all, async (one) => {
    try {
      await work(one)
    } catch (caught) {
      const error = failedAlone(caught, context.signal)
      if (error === undefined) throw caught
      failed.push({ one, error })
    }
  })
  await goOnWithEnough(context, all, failed, waited)
}

/** The same, for what was done one after the other. */
export async function goOnWithEnough<A>(
  context: Ctx,
  all: readonly A[],
  failed: readonly Failed<A>[],
  waited: Waited<A>,
): Promise<void> {
  if (failed.length === 0) return
  const up = all.filter((one) => failed.every((other) => other.one !== one))
  if (!waited.isEnough(up)) throw tooFew(failed, waited)
  for (const { one, error } of failed) {
    const node = waited.nodeOf(one)
    await context.leave({ node, what: `${waited.said}: ${error.message}`, ...mend(node, error, waited) })
  }
}

export function tooFew<A>(failed: readonly Failed<A>[], { said, nodeOf }: Waited<A>): RescueError {
  const errors = failed.map(({ error }) => toRescueError(error))
  const code = errors.every(isAway) ? 'HOST_UNREACHABLE' : 'TIMED_OUT'
  const nodes = failed.map(({ one }) => nodeOf(one)).sort()
  const why = [...new Set(errors.map(({ message }) => message))].join('; ')
  const hints = [...new Set(errors.map(({ hint }) => hint))].join('; ')
  return new RescueError(code, `${said} on ${nodes.join(', ')}: ${why}`, {
    hint: `the others are not enough; ${hints}; then resume the run`,
    cause: errors[0],
  })
}

function mend<A>(node: string, error: RescueError, { whenBack }: Waited<A>): Pick<LeftNode, 'command' | 'onNode'> {
  if (isAway(error)) return whenBack(node)
  if (error instanceof KubeletDown) return { command: 'sudo systemctl start kubelet', onNode: true }
  return { command: 'sudo journalctl -u kubelet -n 50', onNode: true }
}
