import { isUnusable } from '../steps/support/reach.ts'
import { sayKeys } from '../steps/support/say-copy.ts'
import type { RecoveryCopy } from './copies.ts'
import type { Found } from './ways.ts'

const MOST = 5

/** Copies that are left out of the choice: nobody should have to wonder why one that is in the table is not taken. */
export function notesOn(copies: readonly RecoveryCopy[], { running }: Found): string[] {
  const unread = copies.filter((copy) => isUnusable(copy) && copy.backup === undefined).map(({ id }) => id)
  const foreign = copies.filter((copy) => copy.foreign !== undefined && !isUnusable(copy))
  const alone = copies.filter((copy) => copy.serving && !running.uses(copy)).map(({ id }) => id)
  return [
    ...(unread.length === 0 ? [] : [`cannot be read, and may hold more: ${short(unread)}`]),
    ...foreign
      .slice(0, MOST)
      .map((copy) => `left out: ${copy.id}, ${sayKeys(copy)}, is of another Kubernetes cluster: ${copy.foreign}`),
    ...(alone.length === 0 ? [] : [`an etcd runs on ${short(alone)} alone, and serves nobody: a copy like any other`]),
  ]
}

const short = (ids: readonly string[]) => ids.slice(0, MOST).join(', ') + (ids.length > MOST ? ', …' : '')
