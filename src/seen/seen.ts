/**
 * What a look at something gave. Three answers that are never mixed up: it was seen, it was seen not to be there, or it
 * could not be looked at. "Seen and empty" is `seen` with a value that holds nothing. Nothing may be decided on data by
 * leaving out `unseen`: whoever takes one apart says what becomes of it (docs/decisions/0014-not-seen-is-not-empty.md).
 */
export type Seen<T> = { is: 'seen'; value: T } | { is: 'absent' } | Unseen

/** It could not be looked at: it may be there, and may hold anything. */
export interface Unseen {
  is: 'unseen'
  /** One line for the operator. */
  why: string
}

export const seen = <T>(value: T): Seen<T> => ({ is: 'seen', value })
export const absent = { is: 'absent' } as const
export const unseen = (why: string): Unseen => ({ is: 'unseen', why })
