import type { StepContext } from '../../engine/step.ts'
import { RescueError, toRescueError } from '../../errors/rescue-error.ts'
import { findContainers } from '../../node/runtime.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'
import { APISERVER, apiServerHosts } from './api-servers.ts'
import { stopPod } from './etcd-managers.ts'
import { onAll } from './on-seats.ts'

type Ctx = StepContext<unknown, unknown>

/**
 * A node that starts again has its manifests written anew, and its API server serves whatever etcd holds in the middle of a
 * recovery. It has served by then: it is stopped again, and said since when. Also one on a node that was away at the fence.
 */
export async function keepFenced(context: Ctx): Promise<void> {
  await onAll(apiServerHosts(context.world), (host) => keepOn(context, host))
}

async function keepOn(context: Ctx, host: RemoteHost): Promise<void> {
  const running = await look(context, host)
  if (running.length === 0) return
  const since = new Date(Math.min(...running.map(({ createdAt }) => createdAt.getTime()))).toISOString()
  try {
    await stopPod(context, host, APISERVER)
  } catch (error) {
    if (context.signal.aborted) throw error
    throw notStopped(host, since, error)
  }
  const until = context.world.clock.now().toISOString()
  await context.leave({
    node: host.name,
    what: `an API server was back behind the fence from ${since} to ${until}, served what etcd held, and is stopped again: look what was deleted meanwhile`,
    ...{ command: 'kubectl get events --all-namespaces', onNode: false },
  })
}

/** Nodes that did not answer the last look. */
const away = new WeakSet<RemoteHost>()
/** How long such a node is waited for: to give up on a connection takes five times as long, before each change of an outage. */
const AWAY_MS = 3000

/** A node that does not answer is told once a step, and looked at again: it must not keep the cluster down. */
async function look(context: Ctx, host: RemoteHost) {
  try {
    const answer = findContainers(host, APISERVER)
    const found = await (away.has(host) ? soon(answer, host) : answer)
    away.delete(host)
    return found
  } catch (error) {
    if (context.signal.aborted || !(error instanceof RescueError)) throw error
    away.add(host)
    await context.once(`unseen:${host.name}`, () => {
      context.note(`not looked at behind the fence, an API server may run there: ${error.message}`)
      return true
    })
    return []
  }
}

/** In real time, as a node answers. Its late answer is left alone: the next look asks anew. */
async function soon<T>(answer: Promise<T>, host: RemoteHost): Promise<T> {
  answer.catch(() => undefined)
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const error = new RescueError('HOST_UNREACHABLE', `${host.name} still gives no answer`, {
      hint: 'check the way there',
    })
    timer = setTimeout(() => reject(error), AWAY_MS)
  })
  return Promise.race([answer, late]).finally(() => clearTimeout(timer))
}

function notStopped(host: RemoteHost, since: string, error: unknown): RescueError {
  const { message, hint } = toRescueError(error)
  return new RescueError(
    'STEP_FAILED',
    `an API server is back on ${host.name} behind the fence since ${since}, and cannot be stopped: ${message}`,
    { hint: `stop it there, then resume the run: ${hint}`, cause: error },
  )
}
