import type { Proposal } from '../recovery/proposal.ts'
import { duration } from './text.ts'

/** `2.0 s to 16 s`: how long etcd is away, as a proposal expects it. */
export function awayFor({
  outageSeconds: least,
  outageMostSeconds: most = 0,
}: Pick<Proposal, 'outageSeconds' | 'outageMostSeconds'>): string {
  return most > least ? `${rounded(least)} to ${rounded(most)}` : rounded(least)
}

/** An estimate has no seconds beyond two minutes. */
export const rounded = (seconds: number): string =>
  seconds < 120 ? duration(seconds) : `${Math.round(seconds / 60)} min`
