import type { Rankable } from '../../steps/support/rank.ts'
import type { ScanCopy } from '../../ui/scan.ts'

/** A copy with what it is ranked by, and how it is shown. */
export interface Found extends Rankable {
  findings: string[]
  value: Omit<ScanCopy, 'rank' | 'why'>
}
