import { flagOf } from '../steps/support/say-copy.ts'
import { mayBeBetter, type Unread } from '../steps/support/unread.ts'
import { isOnNode, type RecoveryCopy } from './copies.ts'

type Unlooked = RecoveryCopy & { unread: Unread }

/** The newest backup that is not given out and may be better than `read`, which is all of one cluster with so many keys. */
export function betterUnread(
  copies: readonly RecoveryCopy[],
  read: readonly RecoveryCopy[],
  keys: number,
): Unlooked | undefined {
  const [at] = read.flatMap((copy) => copy.at ?? []).sort(byTime)
  const gzBytes = Math.max(0, ...read.map((copy) => copy.gzBytes ?? 0))
  const better = copies.filter(isUnread).filter((copy) => mayBeBetter(copy, { at, gzBytes, keys }))
  return better.sort((a, b) => byTime(a.at ?? '', b.at ?? ''))[0]
}

/** `best`: what there is without it. */
export function sayUnread({ backup, id, unread }: Unlooked, best: RecoveryCopy | undefined) {
  const name = backup ?? id
  return {
    why: `the backup ${name} cannot be read, and may be the one that is looked for: ${unread.problem}`,
    hint: `${unread.hint}; ${best === undefined ? 'then begin again' : `or go by what was read: ${flagOf(best)}`}`,
  }
}

/** Of what was read, the backups: the time of a directory tells nothing of an empty cluster, which writes to it now. */
export const onlyBackups = (copies: readonly RecoveryCopy[]) => copies.filter((copy) => !isOnNode(copy))

const isUnread = (copy: RecoveryCopy): copy is Unlooked => copy.unread !== undefined

/** Newest first. */
const byTime = (a: string, b: string) => Date.parse(b) - Date.parse(a)
