import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { S3Error } from './s3-error.ts'

/** The algorithms of `x-amz-checksum-…` that the server knows, by the header's last part. */
export type ChecksumName = 'crc32' | 'crc32c' | 'sha1' | 'sha256'
export const CHECKSUMS: readonly ChecksumName[] = ['crc32', 'crc32c', 'sha1', 'sha256']

export interface Checksum {
  name: ChecksumName
  /** base64; with `-N` behind it for one of N parts' checksums. */
  value: string
}

export interface Digest {
  update(chunk: Buffer): void
  /** Call once. */
  base64(): string
}

export function digestOf(name: ChecksumName): Digest {
  if (name === 'crc32') return crcDigest((chunk, crc) => crc32(chunk, crc))
  if (name === 'crc32c') return crcDigest(crc32c)
  const hash = createHash(name)
  return { update: (chunk) => hash.update(chunk), base64: () => hash.digest('base64') }
}

function crcDigest(step: (chunk: Buffer, crc: number) => number): Digest {
  let crc = 0
  return {
    update: (chunk) => {
      crc = step(chunk, crc)
    },
    base64: () => {
      const bytes = Buffer.alloc(4)
      bytes.writeUInt32BE(crc >>> 0)
      return bytes.toString('base64')
    },
  }
}

const TABLE = Uint32Array.from({ length: 256 }, (_, i) => {
  let value = i
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1
  return value
})

function crc32c(chunk: Buffer, start: number): number {
  let crc = ~start
  for (const byte of chunk) crc = (crc >>> 8) ^ (TABLE[(crc ^ byte) & 255] ?? 0)
  return ~crc >>> 0
}

/** The checksum that a header or trailer names; an algorithm that we can't check is refused, not ignored. */
export function checksumNamed(headers: Record<string, string | undefined>): Checksum | undefined {
  const found = Object.keys(headers).find((h) => h.startsWith('x-amz-checksum-') && !/-(algorithm|mode|type)$/.test(h))
  if (!found) return undefined
  return { name: checksumName(found), value: headers[found] ?? '' }
}

export function checksumName(header: string): ChecksumName {
  const name = CHECKSUMS.find((n) => header === `x-amz-checksum-${n}`)
  if (!name) throw new S3Error('NotImplemented', { Header: header })
  return name
}

/** S3's checksum of a multipart object: of its parts' checksums, in order. */
export function compositeOf(name: ChecksumName, parts: readonly string[]): Checksum {
  const digest = digestOf(name)
  for (const part of parts) digest.update(Buffer.from(part, 'base64'))
  return { name, value: `${digest.base64()}-${parts.length}` }
}
