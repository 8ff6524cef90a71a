import { setTimeout as sleep } from 'node:timers/promises'
import { RescueError } from '../errors/rescue-error.ts'
import type { RemoteHost } from '../ports/remote-host.ts'
import type { Container } from './container.ts'
import { detectRuntime } from './detect-runtime.ts'

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
}

const LOOK_EVERY_MS = 500

/** Running containers of a static pod, newest first. */
export async function findContainers(host: RemoteHost, query: ContainerQuery): Promise<Container[]> {
  const all = await (await detectRuntime(host)).list()
  return all
    .filter(({ name, pod, state }) => state === 'running' && name === query.container && isPod(pod, query.podPrefix))
    .sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime())
}

/** `etcd-manager-main` is not the start of `etcd-manager-maintenance-…`. */
function isPod(pod: string, prefix: string): boolean {
  return pod === prefix || pod.startsWith(prefix.endsWith('-') ? prefix : `${prefix}-`)
}

/**
 * Stops a static pod's container and waits until kubelet has started another (FACTS 6). Resolves to the new one, or to
 * undefined when the stop was withheld and the old one still runs. One that is not running now is only waited for.
 */
export async function restartContainer(host: RemoteHost, options: RestartOptions): Promise<Container | undefined> {
  const old = await findContainers(host, options)
  for (const { id } of old) await stopSurely(host, id, options)
  if (old.length > 0 && (await stillRuns(host, old, options))) return undefined
  return untilAnother(host, old, options)
}

/** A stop whose connection broke may have happened: look, and stop the same container again if it had not. */
async function stopSurely(host: RemoteHost, id: string, options: RestartOptions): Promise<void> {
  const { stopSeconds = 30, signal } = options
  const runtime = await detectRuntime(host)
  const stop = () => runtime.stop(id, { timeoutSeconds: stopSeconds, ...(signal ? { signal } : {}) })
  try {
    await stop()
  } catch (error) {
    if (!(error instanceof RescueError) || error.code !== 'HOST_CONNECTION_LOST') throw error
    if ((await findContainers(host, options)).some((container) => container.id === id)) await stop()
  }
}

async function stillRuns(host: RemoteHost, old: Container[], query: ContainerQuery): Promise<boolean> {
  const now = await findContainers(host, query)
  return old.some(({ id }) => now.some((container) => container.id === id))
}

async function untilAnother(host: RemoteHost, old: Container[], options: RestartOptions): Promise<Container> {
  const { timeoutMs = 180_000, signal, container, podPrefix } = options
  const until = Date.now() + timeoutMs
  for (;;) {
    const running = await findContainers(host, options)
    const fresh = running.find(({ id }) => old.every((one) => one.id !== id))
    if (fresh) return fresh
    if (Date.now() >= until) {
      throw new RescueError(
        'TIMED_OUT',
        `timed out after ${timeoutMs / 1000}s: kubelet starts ${container} of ${podPrefix} on node ${host.name} again — last seen: none is running`,
        { hint: `look on node ${host.name}: sudo crictl ps -a --name ${container}; sudo journalctl -u kubelet -n 50` },
      )
    }
    await sleep(LOOK_EVERY_MS, undefined, signal ? { signal } : {})
  }
}
