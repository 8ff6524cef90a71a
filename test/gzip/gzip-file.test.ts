import { randomBytes } from 'node:crypto'
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { crc32, gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { combineCrc32 } from '../../src/gzip/combine-crc32.ts'
import { type Ahead, deflateAhead, gzipFile, gzipParallel } from '../../src/gzip/index.ts'

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
    const ahead = deflateAhead(source, path('ahead'))
    ahead.reached(BLOCK / 2)
    expect(await ahead.block(0)).toBeUndefined()
    ahead.reached(BLOCK)
    appendFileSync(source, sample(2 * BLOCK))
    ahead.reached(2 * BLOCK + 5)
    expect(statSync(path('ahead')).mode & 0o777).toBe(0o600)
    const bytes = await Promise.all([0, 1, 2, 3].map(async (at) => (await ahead.block(at * BLOCK))?.bytes ?? 0))
    expect(bytes).toEqual([expect.any(Number), expect.any(Number), 0, 0])
    expect(Math.min(...bytes.slice(0, 2))).toBeGreaterThan(1000)
    await ahead.close()
    expect(existsSync(path('ahead'))).toBe(false)
  })

  it('is used where the bytes are the same, and the result the same as without it', async () => {
    const before = sample(5 * BLOCK + 100)
    const after = Buffer.concat([before, sample(BLOCK)])
    after.write('x', 2 * BLOCK + 17)
    const ahead = await aheadOf(before)
    const first = await Promise.all([0, 2].map((at) => ahead.block(at * BLOCK)))
    await ahead.follow(write('after', after))
    const then = await Promise.all([0, 2].map((at) => ahead.block(at * BLOCK)))
    expect(then[0]).toEqual({ ...first[0], sourceFd: then[0]?.sourceFd })
    expect(then[1]?.crc).not.toBe(first[1]?.crc)
    const packed = await buffer(gzipFile(path('after'), ahead))
    await ahead.close()
    expect(packed.equals(await buffer(gzipFile(path('after'))))).toBe(true)
    expect(gunzipSync(packed).equals(after)).toBe(true)
  })

  it('goes on with a file that it follows already, also when it has got its name and its end since', async () => {
    const [before, after] = [sample(2 * BLOCK), sample(6 * BLOCK)]
    const ahead = await aheadOf(before)
    await ahead.follow(write('after.part', after))
    const end = sample(32)
    appendFileSync(path('after.part'), end)
    renameSync(path('after.part'), path('after'))
    const packed = await buffer(gzipFile(path('after'), ahead))
    await ahead.close()
    expect(gunzipSync(packed).equals(Buffer.concat([after, end]))).toBe(true)
  })

  it('follows once, also when it is asked to twice at the same time', async () => {
    const after = sample(8 * BLOCK)
    const ahead = await aheadOf(sample(2 * BLOCK))
    write('after', after)
    await Promise.all([ahead.follow(path('after')), ahead.follow(path('after'))])
    const all = await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map((at) => ahead.block(at * BLOCK)))
    expect(new Set(all.map((block) => block?.sourceFd)).size).toBe(1)
    await ahead.close()
  })

  it('a stored block that is not what it should be is noticed by whoever unpacks', async () => {
    const data = sample(3 * BLOCK)
    const ahead = await aheadOf(data)
    writeFileSync(path('ahead'), Buffer.alloc(4 * BLOCK, 3))
    const packed = await buffer(gzipFile(write('after', data), ahead))
    await ahead.close()
    expect(() => gunzipSync(packed)).toThrow()
  })

  it('bytes that are not the ones that were deflated are never taken', async () => {
    const after = sample(3 * BLOCK + 1)
    expect(gunzipSync(await withAhead(sample(4 * BLOCK), after)).equals(after)).toBe(true)
  })

  it('a file that was changed after it was read is not believed', async () => {
    const after = sample(3 * BLOCK)
    const packed = await withAhead(sample(3 * BLOCK), after, () => write('before', after))
    expect(gunzipSync(packed).equals(after)).toBe(true)
  })

  it('what cannot be written ends it, and the rest goes on without it', async () => {
    const data = sample(4 * BLOCK)
    const ahead = deflateAhead(write('before', data), '/dev/full')
    ahead.reached(data.length)
    expect(await ahead.block(0)).toBeUndefined()
    expect(gunzipSync(await buffer(gzipFile(write('after', data), ahead))).equals(data)).toBe(true)
    expect(gunzipSync(await buffer(gzipFile(path('before'), ahead))).equals(data)).toBe(true)
  })

  it('begins nothing more once it is closed', async () => {
    const ahead = await aheadOf(sample(2 * BLOCK))
    write('after', sample(4 * BLOCK))
    await Promise.all([ahead.close(), ahead.follow(path('after'))])
    await ahead.follow(path('after'))
    ahead.reached(4 * BLOCK, true)
    expect(await ahead.block(3 * BLOCK)).toBeUndefined()
    expect(existsSync(path('ahead'))).toBe(false)
  })

  it('is closed while it is at work: nobody waits for what does not come, and nothing is left', async () => {
    const data = sample(30 * BLOCK)
    const ahead = deflateAhead(write('before', data), path('ahead'))
    ahead.reached(data.length)
    const last = ahead.block(29 * BLOCK)
    await ahead.close()
    expect(await last).toBeUndefined()
    expect(existsSync(path('ahead'))).toBe(false)
  })

  it('begins with no file open when one of them cannot be', () => {
    const open = readdirSync('/proc/self/fd').length
    expect(() => deflateAhead(path('none'), path('ahead'))).toThrow(/ENOENT/)
    expect(readdirSync('/proc/self/fd')).toHaveLength(open)
  })

  async function aheadOf(data: Buffer): Promise<Ahead> {
    const ahead = deflateAhead(write('before', data), path('ahead'))
    ahead.reached(data.length)
    for (let at = 0; at + BLOCK <= data.length; at += BLOCK) expect(await ahead.block(at)).toBeDefined()
    return ahead
  }

  async function withAhead(before: Buffer, after: Buffer, meanwhile = () => {}): Promise<Buffer> {
    const ahead = await aheadOf(before)
    meanwhile()
    const packed = await buffer(gzipFile(write('after', after), ahead))
    await ahead.close()
    return packed
  }
})

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
