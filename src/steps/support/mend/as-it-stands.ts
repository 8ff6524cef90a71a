import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { RescueError } from '../../../errors/rescue-error.ts'
import type { EtcdRelease } from '../../../ports/etcd.ts'
import type { World } from '../../../ports/world.ts'
import { startCopy } from '../start-copy.ts'
import { copyMember } from '../working-copy.ts'
import { readCopyLog } from './look.ts'

interface Standing {
  world: World
  release: EtcdRelease
  /** A fetched data directory: only read. */
  dir: string
  signal: AbortSignal
}

/**
 * For a directory that is put back as it is: its very bytes, with nothing mended. Its whole log is read, since etcd takes a
 * hole in it for its end, starts, and erases what is behind. A log whose last record is torn is tried, since etcd cuts it by
 * itself; on all else that is wrong etcd does not start, or it starts and drops writes. `COPY_CORRUPT` says what it is.
 * A whole log is not tried here.
 */
export async function mustStartAsItStands({ world, release, dir, signal }: Standing): Promise<void> {
  const log = await readCopyLog(join(dir, 'member'), signal)
  if (log.state === 'whole') return
  if (log.state !== 'ends-torn') throw unfit(log.why ?? `its log is ${log.state}`)
  const copy = `${dir}.as-it-stands`
  try {
    await copyMember(join(dir, 'member'), join(copy, 'member'), signal)
    const how = { forceNewCluster: true, isDurable: false, signal, timeoutMs: 300_000 }
    await (await startCopy(world, release, copy, how)).stop()
  } finally {
    await rm(copy, { recursive: true, force: true })
  }
}

function unfit(why: string): RescueError {
  return new RescueError('COPY_CORRUPT', why, {
    hint: 'seed all members from the best copy: etcd-rescue recover --method seed-in-place',
  })
}
