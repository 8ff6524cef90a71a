import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { RescueError } from '../errors/rescue-error.ts'

const digestBytes = 32
const sectorBytes = 512
/** bbolt's magic number, little endian, after the 16 bytes of a page's header. */
const magic = Buffer.from([0xed, 0xda, 0x0c, 0xed])
const magicAt = 16

export interface SnapshotSource {
  path: string
  /** Of the database and its digest. */
  bytes: number
  databaseBytes: number
  /** Of the database. */
  sha256: string
  digestAdded: boolean
}

/**
 * Looks at a file that is to be published. A snapshot is whole sectors and their SHA-256; a plain copy of `db` is whole
 * sectors and gets a digest, which every restore accepts (FACTS 2). Anything else is `COPY_CORRUPT`.
 */
export async function snapshotSource(path: string): Promise<SnapshotSource> {
  const size = await sizeOf(path)
  const rest = size % sectorBytes
  const databaseBytes = rest === digestBytes ? size - digestBytes : size
  if (databaseBytes === 0 || databaseBytes % sectorBytes !== 0) throw corrupt(path, `it has ${size} bytes`)
  if (!(await bytesAt(path, magicAt, magic.length)).equals(magic)) throw corrupt(path, 'it is no etcd database')
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { end: databaseBytes - 1, highWaterMark: 1 << 20 }), hash)
  const sha256 = hash.digest('hex')
  if (rest === digestBytes && (await bytesAt(path, databaseBytes, digestBytes)).toString('hex') !== sha256) {
    throw corrupt(path, 'its digest is not the digest of its content')
  }
  return { path, bytes: databaseBytes + digestBytes, databaseBytes, sha256, digestAdded: rest === 0 }
}

/** The database and its digest. Fails with `COPY_CHANGED` when the file is no longer what was looked at. */
export async function* readWithDigest({ path, databaseBytes, sha256 }: SnapshotSource): AsyncGenerator<Buffer> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { end: databaseBytes - 1, highWaterMark: 1 << 20 })) {
    hash.update(chunk)
    yield chunk
  }
  const digest = hash.digest()
  if (digest.toString('hex') !== sha256) {
    throw new RescueError('COPY_CHANGED', `${path} changed while it was read`, {
      hint: 'publish a copy that nothing writes to: an etcd may be running on it',
    })
  }
  yield digest
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined)
  if (found?.isFile()) return found.size
  throw new RescueError('PRECONDITION', `${path} is not a file`, { hint: 'name a snapshot, or member/snap/db' })
}

async function bytesAt(path: string, position: number, length: number): Promise<Buffer> {
  const handle = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

function corrupt(path: string, why: string): RescueError {
  return new RescueError('COPY_CORRUPT', `${path} cannot be published: ${why}`, {
    hint: 'a truncated or damaged copy; take another one, or let etcd-rescue recover find the best',
  })
}
