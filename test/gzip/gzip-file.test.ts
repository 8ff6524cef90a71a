import { randomBytes } from 'node:crypto'
import { appendFileSync, existsSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { crc32, gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { combineCrc32 } from '../../src/gzip/combine-crc32.ts'
import { deflateAhead, gzipFile, gzipParallel } from '../../src/gzip/index.ts'

const BLOCK = 1 << 20

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'rescue-gzip-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const path = (name: string) => join(dir, name)
const write = (name: string, data: Buffer) => {
  writeFileSync(path(name), data, { mode: 0o600 })
  return path(name)
}

describe('the CRC-32 of two pieces', () => {
  it.each([0, 1, 2, 7, 8, 1000, BLOCK, BLOCK + 1])('is that of both in a row, the second of %i bytes', (bytes) => {
    const [first, second] = [randomBytes(3333), randomBytes(bytes)]
    expect(combineCrc32(crc32(first), crc32(second), bytes)).toBe(crc32(Buffer.concat([first, second])))
  })

  it('begins with nothing', () => {
    expect(combineCrc32(0, crc32('abc'), 3)).toBe(crc32('abc'))
  })
})

describe('a file as gzip', () => {
  it.each([0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 6 * BLOCK + 13])('of %i bytes: as the stream makes it', async (size) => {
    const data = sample(size)
    const packed = await buffer(gzipFile(write('db', data)))
    expect(gunzipSync(packed).equals(data)).toBe(true)
    expect(packed.equals(await buffer(Readable.from([data]).pipe(gzipParallel())))).toBe(true)
  })

  it('that is cut meanwhile is an error, and so is one that is not there', async () => {
    const file = write('db', sample(30 * BLOCK))
    const stream = gzipFile(file)
    stream.once('data', () => truncateSync(file, BLOCK))
    await expect(buffer(stream)).rejects.toMatchObject({ code: 'STEP_FAILED', message: /a file ended at/ })
    await expect(buffer(gzipFile(path('none')))).rejects.toMatchObject({ code: 'STEP_FAILED' })
  })
})

describe('deflated ahead', () => {
  it('every whole block that is there, and no other; only for its owner; removed when it is closed', async () => {
    const source = write('part', sample(BLOCK))
    const working = deflateAhead(source, path('ahead'), 3 * BLOCK)
    working.reached(BLOCK / 2)
    working.reached(BLOCK)
    appendFileSync(source, sample(2 * BLOCK))
    working.reached(2 * BLOCK + 5)
    await until(() => statSync(path('ahead')).size > BLOCK)
    const ahead = await working.end()
    working.reached(3 * BLOCK)
    expect(statSync(path('ahead')).mode & 0o777).toBe(0o600)
    expect([0, 1, 2, 3].map((at) => ahead.blockAt(at * BLOCK)?.bytes ?? 0)).toEqual([
      expect.any(Number),
      expect.any(Number),
      0,
      0,
    ])
    await ahead.close()
    expect(existsSync(path('ahead'))).toBe(false)
  })

  it('is used where the bytes are the same, and the result the same as without it', async () => {
    const before = sample(5 * BLOCK + 100)
    const after = Buffer.from(before)
    after.write('x', 2 * BLOCK + 17)
    const packed = await withAhead(before, after)
    expect(packed.equals(await buffer(gzipFile(path('after'))))).toBe(true)
    expect(gunzipSync(packed).equals(after)).toBe(true)
  })

  it('a stored block that is not what it should be is noticed by whoever unpacks', async () => {
    const data = sample(3 * BLOCK)
    const packed = await withAhead(data, data, () => writeFileSync(path('ahead'), Buffer.alloc(4 * BLOCK, 3)))
    expect(() => gunzipSync(packed)).toThrow()
  })

  it('bytes that are not the ones that were deflated are never taken', async () => {
    const [before, after] = [sample(4 * BLOCK), sample(3 * BLOCK + 1)]
    const packed = await withAhead(before, after)
    expect(gunzipSync(packed).equals(after)).toBe(true)
  })

  it('follows the file into what it has become: the same bytes as without it, and no block is compared again', async () => {
    const before = sample(6 * BLOCK + 100)
    const after = Buffer.concat([before, sample(BLOCK)])
    after.write('x', 2 * BLOCK + 17)
    const working = deflateAhead(write('before', before), path('ahead'), before.length)
    working.reached(before.length)
    await until(() => statSync(path('ahead')).size > 5 * BLOCK)
    const first = await working.end()
    const kept = [0, 2].map((at) => first.blockAt(at * BLOCK))
    const following = first.follow(write('after', after), 6 * BLOCK + 100)
    await until(() => first.blockAt(5 * BLOCK)?.sourceFd !== kept[0]?.sourceFd)
    const ahead = await following.end()
    const now = [0, 2].map((at) => ahead.blockAt(at * BLOCK))
    expect(now[0]).toEqual({ ...kept[0], sourceFd: now[0]?.sourceFd })
    expect(now[1]?.crc).not.toBe(kept[1]?.crc)
    // the end was added afterwards, as a snapshot's digest is
    truncateSync(path('before'), 0)
    const packed = await buffer(gzipFile(path('after'), ahead))
    await ahead.close()
    expect(packed.equals(await buffer(gzipFile(path('after'))))).toBe(true)
    expect(gunzipSync(packed).equals(after)).toBe(true)
  })

  it('what cannot be followed leaves what was there', async () => {
    const data = sample(3 * BLOCK)
    const working = deflateAhead(write('before', data), path('ahead'), data.length)
    working.reached(data.length)
    await until(() => statSync(path('ahead')).size > 2 * BLOCK)
    const ahead = await working.end()
    expect(() => ahead.follow(path('none'), data.length)).toThrow(/ENOENT/)
    expect(gunzipSync(await buffer(gzipFile(path('before'), ahead))).equals(data)).toBe(true)
    await ahead.close()
  })

  it('a file that was changed after it was read is not believed', async () => {
    const [before, after] = [sample(3 * BLOCK), sample(3 * BLOCK)]
    const packed = await withAhead(before, after, () => write('before', after))
    expect(gunzipSync(packed).equals(after)).toBe(true)
  })

  async function withAhead(before: Buffer, after: Buffer, meanwhile = () => {}): Promise<Buffer> {
    const working = deflateAhead(write('before', before), path('ahead'), before.length)
    working.reached(before.length)
    const blocks = Math.floor(before.length / BLOCK)
    await until(() => statSync(path('ahead')).size > (blocks - 1) * BLOCK)
    const ahead = await working.end()
    expect(Array.from({ length: blocks }, (_, at) => ahead.blockAt(at * BLOCK) !== undefined)).not.toContain(false)
    meanwhile()
    const packed = await buffer(gzipFile(write('after', after), ahead))
    await ahead.close()
    return packed
  }

  it('what cannot be written ends it, and the rest goes on without it', async () => {
    const data = sample(4 * BLOCK)
    const working = deflateAhead(write('before', data), '/dev/full', data.length)
    working.reached(data.length)
    await until(async () => true)
    const ahead = await working.end()
    expect(ahead.blockAt(0)).toBeUndefined()
    expect(gunzipSync(await buffer(gzipFile(path('before'), ahead))).equals(data)).toBe(true)
  })
})

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  await expect.poll(isSo, { timeout: 20_000, interval: 20 }).toBe(true)
}

/** Half text, half noise. */
function sample(size: number): Buffer {
  const lines: Buffer[] = []
  for (let bytes = 0; bytes < size; bytes += lines.at(-1)?.length ?? 0) {
    lines.push(
      Buffer.from(`/registry/pods/ns/pod-${lines.length} {"kind":"Pod"} ${randomBytes(500).toString('hex')}\n`),
    )
  }
  return Buffer.concat(lines).subarray(0, size)
}
