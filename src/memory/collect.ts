import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** A minor collection takes about a millisecond, as long as making so many bytes takes several. */
const BYTES_BETWEEN = 8 << 20

let made = 0
let collect: ((options: { type: 'minor' | 'major' }) => void) | undefined

/**
 * For whoever makes large buffers one after the other and keeps none. V8 counts what lies outside of its heap so roughly
 * that it lets 50 to 100 MB of dead buffers pile up; a minor collection at every 8 MB keeps the process small.
 */
export function madeBuffers(bytes: number): void {
  made += bytes
  if (made < BYTES_BETWEEN) return
  made = 0
  collect ??= collection()
  collect({ type: 'minor' })
}

/** For whoever is done with tables of tens of megabytes: what comes next finds their room. Takes some 30 ms. */
export function droppedTables(): void {
  collect ??= collection()
  collect({ type: 'major' })
}

function collection(): NonNullable<typeof collect> {
  setFlagsFromString('--expose-gc')
  return runInNewContext('typeof gc === "function" ? gc : () => {}')
}
