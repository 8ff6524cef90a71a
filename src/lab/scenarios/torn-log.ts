import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** A record's length, which says more than there is, and the first bytes of an entry. */
const TORN = Buffer.concat([lengthOf(1200), Buffer.from([0x08, 0x02, 0x10]), Buffer.alloc(100, 0x99)])
const PADDED = 0x80

/** Writes the beginning of one more record behind the last whole one, as a power cut leaves it. */
export async function tearLog(dataDir: string): Promise<void> {
  const dir = join(dataDir, 'member/wal')
  const last = (await readdir(dir))
    .filter((name) => name.endsWith('.wal'))
    .sort()
    .at(-1)
  if (last === undefined) throw new Error(`no log in ${dir}`)
  const file = await open(join(dir, last), 'r+')
  try {
    await file.write(TORN, 0, TORN.length, await endOfRecords(file))
  } finally {
    await file.close()
  }
}

/** Where the next record would begin: a length field of zero, in the part that etcd reserves ahead. */
async function endOfRecords(file: Awaited<ReturnType<typeof open>>): Promise<number> {
  const field = Buffer.alloc(8)
  for (let at = 0; ; ) {
    const { bytesRead } = await file.read(field, 0, 8, at)
    if (bytesRead < 8 || field.readBigUInt64LE() === 0n) return at
    const top = field.readUInt8(7)
    const bytes = Number(field.readBigUInt64LE() & 0x00ff_ffff_ffff_ffffn)
    at += 8 + bytes + ((top & PADDED) === 0 ? 0 : top & 7)
  }
}

function lengthOf(bytes: number): Buffer {
  const field = Buffer.alloc(8)
  field.writeBigUInt64LE(BigInt(bytes))
  return field
}
