import { RescueError } from '../../errors/rescue-error.ts'
import type { Scratch } from '../../ports/scratch.ts'

/** Asked for at a time: what is kept free beside it is far more. */
const STEP_BYTES = 64 * 1024 * 1024
/** Nobody's etcd is larger; gzip makes a thousand times as much of zeros. */
const MAX_BYTES = 64 * 1024 * 1024 * 1024

/**
 * For a file that gzip unpacks into: what it comes to is known at its end, and a megabyte may be a gigabyte of zeros. Told
 * of bytes before they are written, it asks for room ahead of them: `DISK_FULL` while the reserve is still free.
 */
export function unpackedRoom({ needRoom }: Pick<Scratch, 'needRoom'>): (bytes: number) => Promise<void> {
  let asked = 0
  let written = 0
  return async (bytes) => {
    written += bytes
    if (written > MAX_BYTES) throw tooLarge()
    for (; asked < written; asked += STEP_BYTES) await needRoom(STEP_BYTES)
  }
}

function tooLarge(): RescueError {
  return new RescueError('BACKUP_INVALID', `a backup unpacks to more than ${MAX_BYTES} bytes, which no etcd holds`, {
    hint: 'choose another: etcd-rescue backup list',
  })
}
