import type { World } from '../../ports/world.ts'
import type { Copy } from '../copy.ts'

/** etcd allocates the files of its log whole, one ahead: so much comes with each data directory that it makes. */
const NEW_LOG_BYTES = 2 * 64 * 2 ** 20

type Sizes = Pick<Copy, 'sizeBytes' | 'walBytes'>

/** What was fetched, a copy of it on which the log is replayed, the snapshot and its trial: all are there together. */
export const roomToRebuild = ({ sizeBytes, walBytes }: Sizes): number => 4 * sizeBytes + 2 * walBytes + NEW_LOG_BYTES

/** The same without snapshot and trial; the other members are fetched and tried one after the other. */
export const roomToReturn = ({ sizeBytes, walBytes }: Sizes): number => 3 * sizeBytes + 2 * walBytes + NEW_LOG_BYTES

/** The unpacked file and the directory that is restored from it. */
export const roomToTry = (unpackedBytes: number): number => 2 * unpackedBytes + NEW_LOG_BYTES

/**
 * Room on this machine for the whole recovery, with what runs now, which is saved behind the fence. `DISK_FULL` before
 * anything is fetched or fenced. A cluster that does not answer cannot be saved either.
 */
export async function mustHaveRoom(world: World, bytes: number): Promise<void> {
  await world.scratch.needRoom(bytes + (await runningBytes(world)))
}

async function runningBytes({ live }: World): Promise<number> {
  try {
    const client = await live.connect({ timeoutMs: 5000 })
    try {
      return (await client.status()).dbSizeBytes
    } finally {
      await client.close()
    }
  } catch {
    return 0
  }
}
