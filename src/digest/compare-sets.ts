import { ValueTable } from './value-table.ts'

interface Pair {
  key: Buffer
  value: Buffer
}

/** How a key of two sets differs: only the first has it, only the second, or both with different values. */
export type SetDifference = 'only-a' | 'only-b' | 'changed'

interface CompareOptions<P extends Pair> {
  /** Called for each key that differs, with the pair of the side that has it; of `changed`, b's. Views, not to be kept. */
  onDifference(difference: SetDifference, pair: P): void
  /** Keys that were read so far, of three passes. */
  onKeys?: (keys: number) => void
}

/**
 * Compares two sets of pairs that come in any order, in bounded memory: 16 bytes for each key and free slot. The first
 * is read twice, the second once. Two different keys or values are taken for the same with a probability of about one
 * in 2^64 a pair.
 */
export async function compareSets<P extends Pair>(
  a: () => AsyncIterable<P>,
  b: () => AsyncIterable<P>,
  { onDifference, onKeys = () => {} }: CompareOptions<P>,
): Promise<{ same: number }> {
  const table = new ValueTable()
  let keys = 0
  let same = 0
  const counted = () => {
    if (++keys % 1000 === 0) onKeys(keys)
  }
  for await (const { key, value } of a()) {
    table.put(key, value)
    counted()
  }
  for await (const pair of b()) {
    const found = table.meet(pair.key, pair.value)
    if (found === 'same') same++
    else onDifference(found === 'missing' ? 'only-b' : 'changed', pair)
    counted()
  }
  for await (const pair of a()) {
    if (!table.wasMet(pair.key)) onDifference('only-a', pair)
    counted()
  }
  onKeys(keys)
  return { same }
}
