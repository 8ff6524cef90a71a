import { Agent } from 'node:https'
import { json } from 'node:stream/consumers'
import { jsonLines } from '../json-lines.ts'
import { pause } from '../wait.ts'
import { WORKLOADS } from '../workloads.ts'
import { type ApiAccess, askApi, podsIn } from './client.ts'
import type { ListedPod, PodList } from './pods.ts'

export interface Informer {
  /** The program and its node: `kubelet w1`. */
  readonly name: string
  /** The pods that it knows of, sorted. */
  knows(): string[]
  /** The resource version that it has and waits for changes after; undefined before its first list. */
  version(): number | undefined
  /** Whether an API server has accepted the watch that it waits on. */
  watches(): boolean
  /** How often it was told that its version is too old, and listed anew. */
  readonly expired: number
  close(): Promise<void>
}

interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'ERROR'
  object: ListedPod & { code?: number }
}

/** What it has in memory is gone with its process. */
interface Memory {
  pid: number
  version: number | undefined
  pods: Set<string>
}

const AGAIN_MS = 100

/**
 * Lists pods, then watches from there, as every client of an API server does; after a broken connection it goes on from the
 * version that it has, at the next one. Only told that this is gone it lists anew; one that lies in the future it waits
 * for, without an error (FACTS 5). It remembers for as long as its process lives: a restart is a list.
 */
export function startInformer(name: string, pidNow: () => number | undefined, access: ApiAccess): Informer {
  const { addresses, ...tls } = access
  const agent = new Agent({ ...tls, keepAlive: false })
  const stop = new AbortController()
  let memory: Memory | undefined
  let isWatching = false
  let expired = 0
  let next = 0
  const running = loop()

  async function loop() {
    for (; !stop.signal.aborted; await pause(AGAIN_MS)) {
      const pid = pidNow()
      if (pid === undefined) continue
      if (memory?.pid !== pid) memory = { pid, version: undefined, pods: new Set() }
      await once(memory, addresses[next++ % addresses.length] ?? '').catch(() => undefined)
    }
  }

  async function once(mind: Memory, host: string) {
    const ended = new AbortController()
    const timer = setInterval(() => {
      if (pidNow() !== mind.pid) ended.abort()
    }, AGAIN_MS)
    const signal = AbortSignal.any([stop.signal, ended.signal])
    try {
      if (mind.version === undefined) await list(mind, host, signal)
      await watch(mind, host, signal)
    } finally {
      clearInterval(timer)
      isWatching = false
    }
  }

  async function list(mind: Memory, host: string, signal: AbortSignal) {
    const { items, metadata } = (await json(await askApi(host, podsIn(WORKLOADS), agent, signal))) as PodList
    mind.pods = new Set(items.map((pod) => pod.metadata.name))
    mind.version = Number(metadata.resourceVersion)
  }

  async function watch(mind: Memory, host: string, signal: AbortSignal) {
    const path = `${podsIn(WORKLOADS)}?watch=true&resourceVersion=${mind.version}`
    const answer = await askApi(host, path, agent, signal)
    isWatching = true
    for await (const event of jsonLines<WatchEvent>(answer)) take(mind, event)
  }

  function take(mind: Memory, { type, object }: WatchEvent) {
    if (type === 'ERROR') {
      expired += 1
      mind.version = undefined
      return
    }
    if (type === 'DELETED') mind.pods.delete(object.metadata.name)
    else mind.pods.add(object.metadata.name)
    mind.version = Number(object.metadata.resourceVersion)
  }

  return {
    name,
    knows: () => [...(memory?.pods ?? [])].sort(),
    version: () => memory?.version,
    watches: () => isWatching,
    get expired() {
      return expired
    },
    close: async () => {
      stop.abort()
      await running
      agent.destroy()
    },
  }
}
