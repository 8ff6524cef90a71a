import { READ_RELEASES } from './restore-table.ts'

/** The first of the releases that were read which replaces a member by itself whose disk is empty. */
const FIRST = 'v3.0.20260531'

/**
 * Whether an etcd-manager replaces a lost member by itself: of the releases that were read, from one on, and only when the
 * disk holds neither `state` nor anything in `data/` and `data-trashcan/`, and only one at a time. The others wait for the
 * old member to be removed, and then take the node in again within a cycle or two. A release that was not read may do
 * either, also a later one.
 */
export function replacesByItself(
  managerVersion: string | undefined,
  disk: { isEmpty: boolean },
  lost: number,
): 'yes' | 'no' | 'unknown' {
  if (!disk.isEmpty || lost !== 1) return 'no'
  const release = `v${(managerVersion ?? '').replace(/^v/, '')}`
  if (!READ_RELEASES.includes(release)) return 'unknown'
  return release >= FIRST ? 'yes' : 'no'
}
