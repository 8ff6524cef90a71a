import type { Rankable } from '../../steps/support/clusters.ts'
import type { Unread } from '../../steps/support/unread.ts'
import type { ScanCopy } from '../../ui/scan.ts'

/** A copy with what it is ranked by, and how it is shown. */
export interface Found extends Rankable {
  findings: string[]
  /** Of a backup, as the store has it. */
  gzBytes?: number
  /** A backup that the store has and does not give out. */
  unread?: Unread
  value: Omit<ScanCopy, 'rank' | 'why'>
}
