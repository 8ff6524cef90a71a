import picocolors from 'picocolors'

export interface Output {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

export interface Style {
  strong(text: string): string
  faint(text: string): string
  good(text: string): string
  bad(text: string): string
  warn(text: string): string
  mark: { done: string; failed: string; skipped: string; withheld: string; undone: string }
}

/** Colours and signs only on a terminal; NO_COLOR takes the colours away, TERM=dumb or linux the signs. */
export function styleFor(output: Output, env: NodeJS.ProcessEnv): Style {
  const terminal = output.isTTY === true && env.TERM !== 'dumb'
  const colors = picocolors.createColors(terminal && !env.NO_COLOR)
  const signs = terminal && env.TERM !== 'linux'
  return {
    strong: colors.bold,
    faint: colors.dim,
    good: colors.green,
    bad: colors.red,
    warn: colors.yellow,
    mark: signs
      ? { done: '✔', failed: '✘', skipped: '–', withheld: '!', undone: '↶' }
      : { done: 'ok', failed: 'FAILED', skipped: 'skipped', withheld: 'withheld', undone: 'undone' },
  }
}
