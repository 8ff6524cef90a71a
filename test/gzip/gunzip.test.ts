import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { BadGzip, gunzip } from '../../src/gzip/index.ts'

const text = Buffer.alloc(100_000, 'a database, as etcd writes it, ')
const member = gzipSync(text)
const wrongSum = Buffer.from(member)
wrongSum[member.length - 6] = (wrongSum[member.length - 6] ?? 0) ^ 1

/** In one piece, in pieces of a few bytes, and cut just where the parts meet: the end may fall anywhere. */
const ways: [string, (parts: Buffer[]) => Buffer[]][] = [
  ['one piece', (parts) => [Buffer.concat(parts)]],
  ['its parts', (parts) => parts.filter(({ length }) => length > 0)],
  ['pieces of 7 bytes', (parts) => pieces(Buffer.concat(parts), 7)],
]

function pieces(all: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.subarray(at * size, (at + 1) * size))
}

/** What Go's reader says of each was seen with Go's compress/gzip, which etcd-manager reads backups with. */
const refused: [string, string, Buffer[]][] = [
  ['unexpected EOF', 'one zero after its end', [member, Buffer.alloc(1)]],
  ['invalid header', 'ten zeros after its end', [member, Buffer.alloc(10)]],
  ['invalid header', 'a lot of zeros after its end', [member, Buffer.alloc(200_000)]],
  ['invalid header', 'zeros and a second member', [member, Buffer.alloc(3), member]],
  ['unexpected EOF', 'a letter after its end', [member, Buffer.from('x')]],
  ['invalid header', 'a line of text after its end', [member, Buffer.from('uploaded by hand\n')]],
  ['unexpected EOF', 'the magic number alone after its end', [member, Buffer.from([0x1f, 0x8b])]],
  ['unexpected EOF', 'a second member that is cut', [member, member.subarray(0, -3)]],
  ['invalid checksum', 'a second member that is damaged', [member, wrongSum]],
  ['invalid checksum', 'a wrong sum', [wrongSum]],
  ['unexpected EOF', 'no end', [member.subarray(0, -1)]],
  ['EOF', 'nothing at all', [Buffer.alloc(0)]],
]

describe.each(ways)('a gzip that comes in %s', (_, split) => {
  const unpack = (parts: Buffer[]) => buffer(gunzip(Readable.from(split(parts))))

  it.each([
    ['one member', [member], 1],
    ['two members', [member, member], 2],
    ['a member and an empty one', [member, gzipSync('')], 1],
  ])('is unpacked when it is %s', async (_what, parts, times) => {
    const whole = Buffer.concat(Array.from({ length: times }, () => text))
    expect((await unpack(parts)).equals(whole)).toBe(true)
  })

  it.each(refused)('is refused where Go says "%s": %s', async (_go, _what, parts) => {
    await expect(unpack(parts)).rejects.toThrow(BadGzip)
  })
})

describe('unpacking', () => {
  it('passes on what the source fails with, and lets the source go when nobody reads on', async () => {
    const broken = new Readable({ read() {} })
    broken.push(member.subarray(0, 100))
    setImmediate(() => broken.destroy(new Error('the connection broke')))
    await expect(buffer(gunzip(broken))).rejects.toThrow('the connection broke')

    const source = Readable.from(pieces(member, 16))
    const stop = async (chunks: AsyncIterable<Buffer>) => {
      for await (const _ of chunks) throw new Error('no room')
    }
    await expect(pipeline(source, (packed: AsyncIterable<Buffer>) => gunzip(packed), stop)).rejects.toThrow('no room')
    expect(source.destroyed).toBe(true)
  })

  it('tells how much of the gzip was read', async () => {
    const seen: number[] = []
    await buffer(gunzip(Readable.from(pieces(member, 100)), (total) => seen.push(total)))
    expect(seen.at(-1)).toBe(member.length)
  })
})
