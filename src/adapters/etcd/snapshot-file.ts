import { open } from 'node:fs/promises'
import { RescueError } from '../../errors/rescue-error.ts'

/** bbolt's meta page: a 16-byte page header, then magic, version, page size, …, high-water page id at 40. */
const MAGIC = 0xed0cdaed
const HEADER = 16
const META_BYTES = 80
const MIN_PAGE = 512
const MAX_PAGE = 64 << 10

/**
 * What a restore does not look at (FACTS 2) and what then fails in bad ways: an empty file restores "successfully" into
 * an empty cluster, a truncated one can end in SIGBUS. Throws `COPY_CORRUPT` or `LOCAL_FILE`.
 */
export async function checkSnapshotFile(path: string, { skipHashCheck }: { skipHashCheck: boolean }): Promise<void> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw new RescueError('LOCAL_FILE', `cannot read ${path}`, { hint: 'see whether it exists and is yours', cause })
  })
  try {
    const { size } = await file.stat()
    if (size === 0) throw corrupt(path, 'is empty')
    const pages = await readHighWater(file, size)
    if (!pages) throw corrupt(path, 'is no etcd database (no bbolt meta page)')
    const needed = pages.highWater * pages.pageSize
    if (size < needed) throw corrupt(path, `is truncated: ${size} bytes of at least ${needed}`)
    if (!skipHashCheck && size % MIN_PAGE === 0) {
      throw corrupt(path, 'carries no SHA-256, so it is a plain copy of a database and no snapshot (missing hash)')
    }
  } finally {
    await file.close()
  }
}

interface Pages {
  pageSize: number
  highWater: number
}

/** The two meta pages are written in turns; the one with the later transaction counts. */
async function readHighWater(file: Awaited<ReturnType<typeof open>>, size: number): Promise<Pages | undefined> {
  const first = await readMeta(file, 0, size)
  const metas = [first]
  // when the first is broken, its page size is unknown: every possible place of the second is tried
  for (let at = MIN_PAGE; at <= MAX_PAGE; at *= 2) {
    if (!first || at === first.pageSize) metas.push(await readMeta(file, at, size))
  }
  return metas.filter((meta) => meta !== undefined).sort((a, b) => (a.txid < b.txid ? 1 : -1))[0]
}

async function readMeta(file: Awaited<ReturnType<typeof open>>, at: number, size: number) {
  if (size < at + META_BYTES) return undefined
  const { buffer } = await file.read(Buffer.alloc(META_BYTES), 0, META_BYTES, at)
  const meta = buffer.subarray(HEADER)
  if (meta.readUInt32LE(0) !== MAGIC) return undefined
  return { pageSize: meta.readUInt32LE(8), highWater: Number(meta.readBigUInt64LE(40)), txid: meta.readBigUInt64LE(48) }
}

function corrupt(path: string, what: string): RescueError {
  return new RescueError('COPY_CORRUPT', `${path} ${what}`, {
    hint: 'take a copy of another member: `etcd-rescue recover --dry-run` lists them',
  })
}
