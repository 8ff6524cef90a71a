/** The first release that replaces a member by itself whose disk is empty. */
const FIRST = 20260531

/**
 * Whether an etcd-manager replaces a lost member by itself: from one release on, and only when the disk holds neither
 * `state` nor anything in `data/` and `data-trashcan/`, and only one at a time. All others wait for the old member to be
 * removed, and then take the node in again within a cycle or two.
 */
export function replacesByItself(
  managerVersion: string | undefined,
  disk: { isEmpty: boolean },
  lost: number,
): boolean {
  const date = /^v?3\.0\.(\d{8})\b/.exec(managerVersion ?? '')?.[1]
  return disk.isEmpty && lost === 1 && date !== undefined && Number(date) >= FIRST
}
