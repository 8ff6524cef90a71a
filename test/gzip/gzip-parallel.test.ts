import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { Readable, Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { type GzipOptions, gzipParallel } from '../../src/gzip/index.ts'

const BLOCK = 64 << 10

describe('gzip on threads', () => {
  const borders = [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK - 1, 3 * BLOCK, 7 * BLOCK + 13]

  it.each(borders)('gives %i bytes back', async (size) => {
    const data = sample(size)
    expect(gunzipSync(await gzip(data)).equals(data)).toBe(true)
  })

  it('gives random sizes in random chunks back, at every level', async () => {
    for (let level = 1; level <= 9; level += 1) {
      const data = sample(Math.floor(Math.random() * 6 * BLOCK))
      const back = gunzipSync(await gzip(data, { level }, 1 + Math.floor(Math.random() * 2 * BLOCK)))
      expect(back.equals(data), `level ${level}, ${data.length} bytes`).toBe(true)
    }
  })

  it('is one ordinary member for gzip(1), with the right size in its list', async () => {
    const data = sample(5 * BLOCK + 5)
    const packed = await gzip(data)
    expect(spawnSync('gzip', ['-t'], { input: packed }).status).toBe(0)
    expect(spawnSync('gzip', ['-dc'], { input: packed, maxBuffer: 1 << 24 }).stdout.equals(data)).toBe(true)
    expect(packed.readUInt32LE(packed.length - 4)).toBe(data.length)
  })

  it('makes the same bytes of the same bytes, however they are cut and whichever thread was faster', async () => {
    const data = sample(9 * BLOCK + 77)
    const [one, two] = await Promise.all([gzip(data, { workers: 1 }, 1000), gzip(data, { workers: 4 }, 300_000)])
    expect(one.equals(two)).toBe(true)
  })

  it('packs text as well as one thread does, within 3 %', async () => {
    const data = sample(16 * BLOCK)
    const packed = await gzip(data, { level: 6, blockBytes: 1 << 20 })
    const one = spawnSync('gzip', ['-6', '-c'], { input: data, maxBuffer: 1 << 24 }).stdout
    expect(packed.length).toBeLessThan(one.length * 1.03)
  })

  it('waits for a slow reader with a bounded amount of data in hand', async () => {
    const stream = gzipParallel({ blockBytes: BLOCK, workers: 2 })
    let fed = 0
    const source = Readable.from(
      (function* () {
        for (; fed < 1000; fed += 1) yield randomBytes(BLOCK)
      })(),
      { objectMode: false, highWaterMark: BLOCK },
    )
    const broken = pipeline(source, stream, new Writable({ highWaterMark: 1, write: () => {} })).catch(() => {})
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(fed).toBeLessThan(20)
    stream.destroy()
    await broken
  })

  it.runIf(process.platform === 'linux')(
    'fails with the error of its source, and leaves no thread behind',
    async () => {
      await gzip(sample(4 * BLOCK))
      const before = threads()
      const source = Readable.from(failing(), { objectMode: false })
      const target = new Writable({ write: (_chunk, _encoding, done) => done() })
      await expect(pipeline(source, gzipParallel({ blockBytes: BLOCK }), target)).rejects.toThrow('the disk is gone')
      await expect.poll(threads).toBeLessThanOrEqual(before)
      await gzip(sample(4 * BLOCK))
      await expect.poll(threads).toBeLessThanOrEqual(before)
    },
  )

  it('fails with one error when a thread cannot work', async () => {
    await expect(gzip(sample(4 * BLOCK), { level: 99 })).rejects.toMatchObject({ code: 'STEP_FAILED' })
  })
})

async function gzip(data: Buffer, options: GzipOptions = {}, chunk = 10_000): Promise<Buffer> {
  const chunks = Array.from({ length: Math.ceil(data.length / chunk) }, (_, at) =>
    data.subarray(at * chunk, (at + 1) * chunk),
  )
  const stream = gzipParallel({ blockBytes: BLOCK, ...options })
  const [, packed] = await Promise.all([pipeline(Readable.from(chunks, { objectMode: false }), stream), buffer(stream)])
  return packed
}

/** Half text, half noise, no repetition longer than a line. */
function sample(size: number): Buffer {
  const lines: Buffer[] = []
  for (let bytes = 0; bytes < size; bytes += lines.at(-1)?.length ?? 0) {
    lines.push(Buffer.from(`/registry/pods/ns/pod-${lines.length} {"kind":"Pod"} ${randomBytes(20).toString('hex')}\n`))
  }
  return Buffer.concat(lines).subarray(0, size)
}

function* failing(): Generator<Buffer> {
  for (let at = 0; at < 8; at += 1) yield sample(BLOCK)
  throw new Error('the disk is gone')
}

/** Threads of this process as the kernel counts them; vitest's own are among them. */
function threads(): number {
  return readdirSync('/proc/self/task').length
}
