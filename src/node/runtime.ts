import { RescueError } from '../errors/rescue-error.ts'
import { type Clock, systemClock } from '../ports/clock.ts'
import type { RemoteHost } from '../ports/remote-host.ts'
import { shellWord } from '../shell/quote.ts'
import type { Container } from './container.ts'
import { detectRuntime, listContainers } from './detect-runtime.ts'
import { kubeletWatch } from './kubelet.ts'

/** A pod's name begins with the prefix, and then comes the node's name; `container` is the name inside the pod. */
export interface ContainerQuery {
  container: string
  podPrefix: string
}

export interface RestartOptions extends ContainerQuery {
  /** Until another one runs. Default 3 minutes: kubelet backs off from containers that ended often. */
  timeoutMs?: number
  /** How long it may take to end by itself. Default 30 s. */
  stopSeconds?: number
  signal?: AbortSignal
  clock?: Clock
}

const LOOK_EVERY_MS = 500

/** Running containers of a static pod, newest first. */
export async function findContainers(host: RemoteHost, query: ContainerQuery): Promise<Container[]> {
  const all = await listContainers(host)
  return all
    .filter(({ name, pod, state }) => state === 'running' && name === query.container && isPod(pod, query.podPrefix))
    .sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime())
}

/**
 * Removes what has ended of a static pod whose manifest is set aside, as kubelet does itself some time later. While it is there
 * kubelet waits before it starts the pod again: seen on 1.36 are 10, 20 and 40 s at the third, fourth and fifth start of one
 * manifest, and none without. What cannot be removed only costs this time.
 */
export async function removeEnded(host: RemoteHost, query: ContainerQuery): Promise<void> {
  try {
    const runtime = await detectRuntime(host)
    const ended = (await runtime.listEnded()).filter(
      ({ name, pod }) => name === query.container && isPod(pod, query.podPrefix),
    )
    if (ended.length > 0) await runtime.remove(ended.map(({ id }) => id))
  } catch (error) {
    if (!(error instanceof RescueError)) throw error
  }
}

/** `etcd-manager-main` is not the start of `etcd-manager-maintenance-…`. */
function isPod(pod: string, prefix: string): boolean {
  return pod === prefix || pod.startsWith(prefix.endsWith('-') ? prefix : `${prefix}-`)
}

/**
 * Stops a static pod's container and waits until kubelet has started another (FACTS 6). Resolves to the new one, or to
 * undefined when the stop was withheld. One that is not running now is only waited for, and one that is still listed after
 * its stop as well: the list is a moment behind.
 */
export async function restartContainer(host: RemoteHost, options: RestartOptions): Promise<Container | undefined> {
  const old = await findContainers(host, options)
  for (const { id } of old) if (!(await stopSurely(host, id, options))) return undefined
  return untilAnother(host, old, options)
}

/** A stop whose connection broke may have happened: look, and stop the same container again if it had not. */
async function stopSurely(host: RemoteHost, id: string, options: RestartOptions): Promise<boolean> {
  const { stopSeconds = 30, signal } = options
  const runtime = await detectRuntime(host)
  const stop = () => runtime.stop(id, { timeoutSeconds: stopSeconds, ...(signal ? { signal } : {}) })
  try {
    return await stop()
  } catch (error) {
    if (!(error instanceof RescueError) || error.code !== 'HOST_CONNECTION_LOST') throw error
    if ((await findContainers(host, options)).some((container) => container.id === id)) return stop()
    return true
  }
}

async function untilAnother(host: RemoteHost, old: Container[], options: RestartOptions): Promise<Container> {
  const { timeoutMs = 180_000, signal, container, podPrefix, clock = systemClock } = options
  const now = () => clock.now().getTime()
  const until = now() + timeoutMs
  const mustRun = kubeletWatch(host, `${container} of ${podPrefix} is not started again`, now)
  for (;;) {
    const running = await findContainers(host, options)
    const fresh = running.find(({ id }) => old.every((one) => one.id !== id))
    if (fresh) return fresh
    if (running.length === 0) await mustRun()
    if (now() >= until) {
      throw new RescueError(
        'TIMED_OUT',
        `timed out after ${timeoutMs / 1000}s: kubelet starts ${container} of ${podPrefix} on node ${host.name} again — last seen: ${running.length > 0 ? 'the old one is still listed' : 'none is running'}`,
        {
          hint: `kubelet waits up to 5 minutes before it starts one that has ended often; look on node ${host.name}: sudo crictl ps -a --name ${shellWord(container)}; sudo journalctl -u kubelet -n 50`,
        },
      )
    }
    await clock.sleep(LOOK_EVERY_MS, signal)
  }
}
