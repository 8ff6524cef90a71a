import type { Gateway } from '../etcd/gateway.ts'
import { allKeys } from '../etcd/kv.ts'
import { Compacted, type KeyEvent, watchKeys } from '../etcd/watch.ts'
import { pause } from '../wait.ts'

export interface Watcher {
  onEvent(event: KeyEvent & { isNew: boolean }): void
  /** The server has nothing more to say: the cache is made anew. */
  onEnd(): void
}

export interface WatchCache {
  /**
   * Events after a resource version, those that came since and those that will come; returns what ends it. A number is
   * the oldest that can be served, where the one that is wanted is older: gone. One that lies in the future is accepted, and
   * nothing comes before it is passed (FACTS 5). Undefined while nothing is cached yet.
   */
  watch(after: number, watcher: Watcher): (() => void) | number | undefined
}

const AGAIN_MS = 100

interface Filled {
  /** Of the list that the cache began with. */
  listedAt: number
  keys: Set<string>
  events: (KeyEvent & { isNew: boolean })[]
}

/**
 * What an API server keeps of one kind: a list, and all changes since by a watch at etcd, which goes on after a broken
 * connection where it was. Only told that this is compacted it begins anew, and ends all watches.
 */
export function watchCache(etcd: Gateway, prefix: string): WatchCache {
  const watchers = new Set<{ after: number; watcher: Watcher }>()
  let filled: Filled | undefined
  void keepFilled()

  async function keepFilled() {
    for (;;) {
      const next = await list().catch(() => undefined)
      filled = next
      if (next !== undefined) await follow(next)
      filled = undefined
      for (const { watcher } of watchers) watcher.onEnd()
      watchers.clear()
      await pause(AGAIN_MS)
    }
  }

  async function list(): Promise<Filled> {
    const keys = new Set<string>()
    let listedAt = 0
    const read = allKeys(etcd, prefix, (revision) => {
      listedAt = revision
    })
    for await (const { key } of read) keys.add(key.toString('utf8'))
    return { listedAt, keys, events: [] }
  }

  async function follow(into: Filled) {
    for (let last = into.listedAt; ; await pause(AGAIN_MS)) {
      try {
        for await (const event of watchKeys(etcd, prefix, last + 1)) {
          last = event.revision
          take(into, event)
        }
      } catch (error) {
        if (error instanceof Compacted) return
      }
    }
  }

  function take({ keys, events }: Filled, event: KeyEvent) {
    const known = { ...event, isNew: !keys.has(event.key) }
    if (event.value === undefined) keys.delete(event.key)
    else keys.add(event.key)
    events.push(known)
    for (const { after, watcher } of watchers) if (event.revision > after) watcher.onEvent(known)
  }

  return {
    watch: (after, watcher) => {
      if (filled === undefined) return undefined
      if (after < filled.listedAt) return filled.listedAt
      for (const event of filled.events) if (event.revision > after) watcher.onEvent(event)
      const one = { after, watcher }
      watchers.add(one)
      return () => watchers.delete(one)
    },
  }
}
