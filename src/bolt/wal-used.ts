import type { PageSource } from './source.ts'

const PROBE_BYTES = 512
/** Two rounds of them narrow 64 MB down to `ENOUGH_BYTES`. */
const PROBES = 45
/** Close enough: the rest is read whole. */
const ENOUGH_BYTES = 32 * 1024

/**
 * Where the used bytes of a preallocated file end and its zeros begin, rounded up to 8 bytes: a hint, since a record
 * may hold zeros. Reads 45 places at a time, so that a node is asked three times for a file of 64 MB.
 */
export async function findUsedEnd(source: PageSource): Promise<number> {
  let low = 0
  let high = source.size
  while (high - low > ENOUGH_BYTES) {
    const step = Math.ceil((high - low) / (PROBES + 1) / 8) * 8
    const places = Array.from({ length: PROBES }, (_, index) => low + (index + 1) * step).filter((at) => at < high)
    const probes = await Promise.all(places.map((at) => source.read(at, Math.min(PROBE_BYTES, source.size - at))))
    // zeros before bytes are a value's
    const last = probes.findLastIndex((bytes) => lastUsed(bytes) >= 0)
    high = places[last + 1] ?? high
    low = places[last] ?? low
  }
  const rest = await source.read(low, Math.min(high - low + PROBE_BYTES, source.size - low))
  return Math.min(Math.ceil((low + lastUsed(rest) + 1) / 8) * 8, source.size)
}

function lastUsed(bytes: Buffer): number {
  let at = bytes.length - 1
  while (at >= 0 && bytes[at] === 0) at--
  return at
}
