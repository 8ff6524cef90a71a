import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** A minor collection takes about a millisecond, as long as making so many bytes takes several. */
const BYTES_BETWEEN = 16 << 20

let made = 0
let collect: ((options: { type: 'minor' }) => void) | undefined

/**
 * For whoever makes large buffers one after the other and keeps none. V8 counts what lies outside of its heap so roughly
 * that it lets 50 to 100 MB of dead buffers pile up; a minor collection at every 16 MB keeps the process small.
 */
export function madeBuffers(bytes: number): void {
  made += bytes
  if (made < BYTES_BETWEEN) return
  made = 0
  collect ??= minorCollection()
  collect({ type: 'minor' })
}

function minorCollection(): NonNullable<typeof collect> {
  setFlagsFromString('--expose-gc')
  return runInNewContext('typeof gc === "function" ? gc : () => {}')
}
