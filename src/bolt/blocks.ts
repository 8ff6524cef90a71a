import { aboutFile, type PageSource } from './source.ts'

const BLOCK = 64 * 1024
const MAX_BLOCKS = 128

/**
 * Reads in blocks of 64 KiB and keeps the last 128: a pass over pages of 4 KiB in tree order is then nearly as fast as
 * one over the file. What it returns may be part of a block: don't write to it, and copy what is kept.
 */
export function blockReader(source: PageSource): PageSource {
  const blocks = new Map<number, Promise<Buffer>>()
  const load = (index: number): Promise<Buffer> => {
    const known = blocks.get(index)
    if (known) {
      blocks.delete(index)
      blocks.set(index, known)
      return known
    }
    const loading = source.read(index * BLOCK, Math.min(BLOCK, source.size - index * BLOCK))
    blocks.set(index, loading)
    if (blocks.size > MAX_BLOCKS) blocks.delete(blocks.keys().next().value ?? index)
    return loading
  }
  return {
    ...aboutFile(source),
    read: async (offset, length) => {
      const index = Math.floor(offset / BLOCK)
      const start = offset - index * BLOCK
      if (start + length > BLOCK) return source.read(offset, length)
      return (await load(index)).subarray(start, start + length)
    },
  }
}

/** Remembers every read, so that pages on several ways down are fetched once. For a few hundred small reads. */
export function memoReader(source: PageSource): PageSource & { prime(offset: number, length: number): Promise<void> } {
  const reads = new Map<string, Promise<Buffer>>()
  let primed: { offset: number; content: Buffer } = { offset: 0, content: Buffer.alloc(0) }
  return {
    ...aboutFile(source),
    /** Fetches a stretch at once, from which later reads within it are served. */
    prime: async (offset, length) => {
      primed = { offset, content: await source.read(offset, length) }
    },
    read: (offset, length) => {
      const start = offset - primed.offset
      if (start >= 0 && start + length <= primed.content.length)
        return Promise.resolve(primed.content.subarray(start, start + length))
      const key = `${offset}+${length}`
      const known = reads.get(key)
      if (known) return known
      const reading = source.read(offset, length)
      reads.set(key, reading)
      return reading
    },
  }
}
