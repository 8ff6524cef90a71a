import type { Gateway } from './gateway.ts'
import { bounds } from './kv.ts'

export interface KeyEvent {
  key: string
  /** Undefined when it was deleted. */
  value: Buffer | undefined
  revision: number
}

/** What was asked for is compacted. */
export class Compacted extends Error {}

interface WatchAnswer {
  result?: {
    canceled?: boolean
    compact_revision?: string
    events?: { type?: string; kv: { key: string; value?: string; mod_revision: string } }[]
  }
}

/** All changes below a prefix from a revision on, until the connection ends. Silent while that revision is yet to come. */
export async function* watchKeys(gateway: Gateway, prefix: string, from: number): AsyncGenerator<KeyEvent> {
  const { key, rangeEnd } = bounds(prefix)
  const create = { create_request: { key, range_end: rangeEnd, start_revision: String(from) } }
  for await (const { result = {} } of gateway.stream<WatchAnswer>('/v3/watch', create)) {
    if (result.compact_revision !== undefined) throw new Compacted(`${from} is compacted`)
    if (result.canceled) return
    for (const { type, kv } of result.events ?? []) {
      const value = type === 'DELETE' ? undefined : Buffer.from(kv.value ?? '', 'base64')
      yield { key: Buffer.from(kv.key, 'base64').toString('utf8'), value, revision: Number(kv.mod_revision) }
    }
  }
}
