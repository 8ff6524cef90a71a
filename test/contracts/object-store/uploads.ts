import { createHash, randomBytes } from 'node:crypto'
import { PassThrough, Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import type { StoreSubject } from '../object-store.ts'
import { expectCode, folder, textOf } from './support.ts'

const MiB = 1 << 20
const block = randomBytes(MiB)

/** `count` different blocks of 1 MiB; then it ends, or hangs, or fails. */
async function* blocks(count: number, then?: () => Promise<void>): AsyncGenerator<Buffer> {
  for (let i = 0; i < count; i++) {
    const copy = Buffer.from(block)
    copy.writeUInt32BE(i)
    yield copy
  }
  await then?.()
}

async function digestOf(source: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of source) hash.update(chunk)
  return hash.digest('hex')
}

export function uploadCases(current: () => StoreSubject): void {
  const nothingLeft = async (key: string) => {
    const { store, leftovers } = current()
    expect(await store.head(key)).toBeUndefined()
    expect(await store.list(key)).toEqual([])
    expect((await leftovers?.()) ?? []).toEqual([])
  }

  it('takes a stream of 40 MB and gives the same bytes back', async () => {
    const { store, leftovers } = current()
    const key = `${folder()}/large`
    const seen: number[] = []
    const { bytes, version } = await store.upload(key, Readable.from(blocks(40)), { onProgress: (n) => seen.push(n) })
    expect(bytes).toBe(40 * MiB)
    expect(seen.at(-1)).toBe(bytes)
    expect(seen).toEqual([...seen].sort((a, b) => a - b))
    expect(await store.head(key)).toMatchObject({ size: bytes, version })
    expect(await digestOf(await store.stream(key))).toBe(await digestOf(blocks(40)))
    expect(await digestOf(await store.stream(key, { start: 17 * MiB + 5, end: 33 * MiB + 4 }))).not.toBe('')
    expect((await leftovers?.()) ?? []).toEqual([])
  }, 120_000)

  it('refuses a large new object when there is one, and leaves that alone', async () => {
    const { store } = current()
    const key = `${folder()}/large`
    await store.write(key, Buffer.from('first'))
    await expectCode(store.upload(key, Readable.from(blocks(20)), { ifAbsent: true }), 'STORE_CONFLICT')
    expect((await store.read(key)).body.toString()).toBe('first')
    expect((await current().leftovers?.()) ?? []).toEqual([])
  }, 60_000)

  it('takes small and empty streams', async () => {
    const { store } = current()
    const key = `${folder()}/small`
    expect((await store.upload(key, Readable.from([Buffer.from('ab'), Buffer.from('c')]))).bytes).toBe(3)
    expect(await textOf(await store.stream(key))).toBe('abc')
    expect((await store.upload(key, Readable.from([]))).bytes).toBe(0)
    expect((await store.head(key))?.size).toBe(0)
  })

  it('shows nothing of an upload before it is complete', async () => {
    const { store } = current()
    const key = `${folder()}/growing`
    const body = new PassThrough()
    const upload = store.upload(key, body)
    for await (const chunk of blocks(20)) if (!body.write(chunk)) await new Promise((r) => body.once('drain', r))
    expect(await store.head(key)).toBeUndefined()
    expect(await store.list(key)).toEqual([])
    body.end()
    expect((await upload).bytes).toBe(20 * MiB)
    expect((await store.head(key))?.size).toBe(20 * MiB)
  }, 60_000)

  it('leaves nothing of an upload whose source failed, and says what the source said', async () => {
    const { store } = current()
    for (const size of [1, 20]) {
      const key = `${folder()}/torn`
      const fail = async () => {
        throw new Error('the source broke')
      }
      await expect(store.upload(key, Readable.from(blocks(size, fail)))).rejects.toThrow('the source broke')
      await nothingLeft(key)
    }
  }, 60_000)

  it('leaves nothing of an upload that was stopped, also while the source is silent', async () => {
    const { store } = current()
    const key = `${folder()}/stopped`
    const stop = new AbortController()
    const hang = () => new Promise<void>(() => undefined)
    const upload = store.upload(key, Readable.from(blocks(18, hang)), { signal: stop.signal })
    setTimeout(() => stop.abort(), 400)
    await expect(upload).rejects.toThrow(/abort/i)
    await sleep(100)
    await nothingLeft(key)
  }, 60_000)

  it('leaves an older object as it was when its successor fails', async () => {
    const { store } = current()
    const key = `${folder()}/older`
    await store.write(key, Buffer.from('older'))
    const fail = async () => {
      throw new Error('the source broke')
    }
    await expect(store.upload(key, Readable.from(blocks(18, fail)))).rejects.toThrow('the source broke')
    expect((await store.read(key)).body.toString()).toBe('older')
  }, 60_000)
}
