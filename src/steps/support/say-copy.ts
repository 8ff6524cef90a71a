import { count, many, minute } from '../../words/numbers.ts'
import { furthestRevision } from './backwards.ts'
import { keysIn, type Rankable } from './clusters.ts'

/** A copy as the steps or a proposal know it. */
export type Told = Rankable & {
  place?: 'data' | 'trashcan' | 'backup' | undefined
  backup?: string | undefined
  trashedAt?: number | undefined
  at?: string | undefined
}

/** `about 12,000 keys`; what is not known is said to be. */
export function sayKeys(copy: Rankable): string {
  const keys = keysIn(copy)
  return keys === undefined ? 'it cannot be read how many keys' : `about ${many(keys, 'key')}`
}

/** `trashed 2024-03-21 13:00 UTC`: times tell a person which cluster is which, and rank nothing. */
export function sayTime({ place, trashedAt, at }: Told): string {
  const time = trashedAt ?? (at === undefined ? undefined : Date.parse(at))
  if (time === undefined) return 'when it ended is not known'
  const what = place === 'trashcan' ? 'trashed' : place === 'backup' ? 'made' : 'last changed'
  return `${what} ${minute(time)} UTC`
}

/** One copy in one line, so that two clusters can be told apart. */
export function sayCopy(copy: Told): string {
  const revision = furthestRevision(copy)
  const upTo = revision === undefined ? [] : [`revision ${count(revision)}`]
  return `${copy.backup ?? copy.id} (${[sayKeys(copy), ...upTo, sayTime(copy)].join(', ')})`
}

/** What the operator types to have this one. */
export const flagOf = ({ id, backup }: Told) => (backup === undefined ? `--copy ${id}` : `--backup ${backup}`)

/** Two clusters, or two histories of one: each with its time, and the flag that names it. */
export function sayWhichIsRight(one: Told, others: readonly Told[]): { why: string; hint: string } {
  const all = [one, ...others]
  return {
    why: `${all.map(sayCopy).join(' and ')} are of different clusters, and none of them is nearly empty`,
    hint: `say which one is right: ${all.map(flagOf).join(' or ')}`,
  }
}

/** The same for two directories of one cluster that went different ways. */
export function sayHistories(one: Told, other: Told, why: string): { why: string; hint: string } {
  return {
    why: `${sayCopy(one)} and ${sayCopy(other)} are of one cluster and went different ways: ${why}`,
    hint: `say which one is right: ${flagOf(one)} or ${flagOf(other)}`,
  }
}
