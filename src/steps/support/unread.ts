import { isNearlyEmpty } from './clusters.ts'

/** Why a backup that the store has is not given out, and what helps. Nothing is known to be wrong with it. */
export interface Unread {
  problem: string
  hint: string
}

interface Fault {
  code?: string
  problem?: string
  hint?: string
}

/** Undefined for one that was read, and for one that is bad. */
export function unreadOf({ code, problem, hint }: Fault): Unread | undefined {
  if (code !== 'OBJECT_ARCHIVED' && code !== 'OBJECT_UNREADABLE') return undefined
  return { problem: problem ?? 'it cannot be read', hint: hint ?? 'make it readable' }
}

/** What a listing tells of a backup. */
interface Listed {
  at?: string | undefined
  gzBytes?: number | undefined
}

/** So many times as large, it holds more. */
const FAR_LARGER = 2

/**
 * Whether a backup that nobody could look into may be better than what was read: it is newer; or what was read holds so
 * little that it may be of an empty cluster, and this one is far larger. What is not known counts for it.
 */
export function mayBeBetter(unread: Listed, read: Listed & { keys: number }): boolean {
  const isOlder = timeOf(unread) <= timeOf(read)
  if (!isOlder) return true
  const isLittle = isNearlyEmpty(read.keys, Number.POSITIVE_INFINITY)
  return isLittle && isFarLarger(unread, read)
}

export const isFarLarger = ({ gzBytes = Number.POSITIVE_INFINITY }: Listed, than: Listed): boolean =>
  gzBytes > FAR_LARGER * (than.gzBytes ?? 0)

const timeOf = ({ at }: Listed) => (at === undefined ? Number.NaN : Date.parse(at))
