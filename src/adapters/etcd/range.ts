import type { KeyValue, RangeOptions } from '../../ports/etcd.ts'
import { fromWire, prefixRange, type RangeAnswer } from './messages.ts'
import type { Rpc } from './rpc.ts'
import { isTooLarge } from './rpc-errors.ts'

/** What one page should hold. With one page being read ahead, memory stays in the tens of MB. */
const PAGE_BYTES = 4 << 20
/** A value has at most 1.5 MB by etcd's default: a first page of 16 keys fits into one message whatever they hold. */
const FIRST_PAGE = 16
/** One page of largest values is built in the memory of a production etcd: never ask for more than this many. */
const MAX_KEYS = { withValues: 2000, keysOnly: 10_000 }

interface Page {
  /** How many keys were asked for, after cuts. */
  limit: number
  kvs: KeyValue[]
  more: boolean
  revision: string
}

/**
 * All keys of a prefix in order, page by page at one revision. The page size follows the size of the values seen, at
 * most doubling from page to page, and is cut in four when an answer is larger than the channel takes.
 */
export async function* rangePages(rpc: Rpc, options: RangeOptions): AsyncGenerator<KeyValue> {
  const { key, range_end } = prefixRange(options.prefix ?? '')
  const max = options.keysOnly ? MAX_KEYS.keysOnly : MAX_KEYS.withValues
  let limit = FIRST_PAGE
  const read = async (from: Buffer, revision: string): Promise<Page> => {
    const page = await readPage(rpc, { key: from, range_end, revision, keys_only: options.keysOnly ?? false }, limit)
    limit = nextLimit(page, max)
    return page
  }
  let page: Page | undefined = await read(key, String(options.revision ?? 0))
  while (page) {
    options.signal?.throwIfAborted()
    const last: KeyValue | undefined = page.more ? page.kvs.at(-1) : undefined
    const ahead: Promise<Page> | undefined = last && read(keyAfter(last.key), page.revision)
    // its failure is met at the await below, or nobody wants it any more
    ahead?.catch(() => {})
    yield* page.kvs
    page = await ahead
  }
}

async function readPage(rpc: Rpc, request: object, limit: number): Promise<Page> {
  try {
    const answer = await rpc.call<RangeAnswer>('KV', 'range', { ...request, limit })
    const asked = (request as { revision: string }).revision
    const revision = asked === '0' ? answer.header.revision : asked
    return { kvs: answer.kvs.map(fromWire), more: answer.more, revision, limit }
  } catch (error) {
    if (limit === 1 || !isTooLarge(error)) throw error
    return readPage(rpc, request, Math.ceil(limit / 4))
  }
}

function nextLimit({ kvs, limit }: Page, max: number): number {
  const bytes = kvs.reduce((sum, kv) => sum + kv.key.length + kv.value.length + 64, 0)
  const fitting = Math.floor(PAGE_BYTES / Math.max(1, bytes / Math.max(1, kvs.length)))
  return Math.max(1, Math.min(fitting, 2 * limit, max))
}

/** The smallest key above this one. */
function keyAfter(key: Buffer): Buffer {
  return Buffer.concat([key, Buffer.from([0])])
}
