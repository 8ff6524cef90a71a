import { badPage } from './damage.ts'

export interface WalkOptions {
  /** Go on after a damaged page, without what lies below it, and keep it as a finding. Default: throw. */
  tolerant: boolean
  findings: string[]
  /** One bit for each page that some tree uses: a page with two parents is damage, and so is a cycle. */
  used: Uint8Array
  signal?: AbortSignal | undefined
}

/** Marks a page and its overflow as used by a tree. */
export function claimPages(used: Uint8Array, id: number, count: number): void {
  for (let at = id; at < id + count; at++) {
    const bit = 1 << (at & 7)
    const byte = used[at >> 3] ?? 0
    if (byte & bit) throw badPage(id, 'it is used twice')
    used[at >> 3] = byte | bit
  }
}
