import type { Copy } from '../facts.ts'

/**
 * Best first, by what a copy holds and never by file times or sizes (FACTS 2): what the running member uses comes
 * last, then the higher revision, then the longer WAL, then the name so that the order is always the same.
 */
export function rankCopies(copies: readonly Copy[]): Copy[] {
  return [...copies].sort(
    (a, b) =>
      Number(a.serving) - Number(b.serving) ||
      Number(a.revision === undefined) - Number(b.revision === undefined) ||
      (b.revision ?? 0) - (a.revision ?? 0) ||
      b.walBytes - a.walBytes ||
      a.id.localeCompare(b.id),
  )
}

/** The copy that a run takes by itself: the best one that is usable and is not what the cluster runs now. */
export function bestCopy(copies: readonly Copy[]): Copy | undefined {
  return rankCopies(copies).find((copy) => !copy.serving && (copy.revision ?? 0) > 1 && !copy.findings.some(isFatal))
}

/** Findings that start with this word make a copy unusable. */
const isFatal = (finding: string) => finding.startsWith('unusable')
