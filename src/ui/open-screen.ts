import { plainScreen } from './plain.ts'
import type { Screen } from './screen.ts'
import { type Output, styleFor } from './style.ts'
import { terminalScreen } from './terminal.ts'

export interface ScreenOptions {
  /** Progress goes here, never to stdout: that is the result's. */
  output: Output & NodeJS.WritableStream
  env: NodeJS.ProcessEnv
  verbose: boolean
  /** `--json`: nothing is shown; errors are told by the command. */
  silent: boolean
}

/** A terminal gets bars; CI, pipes and dumb terminals get lines; `--json` gets nothing. */
export function openScreen({ output, env, verbose, silent }: ScreenOptions): Screen {
  if (silent) return { listen: () => {}, pause: () => {}, resume: () => {}, end: () => {} }
  const options = { style: styleFor(output, env), verbose }
  return output.isTTY && env.TERM !== 'dumb' && !env.CI ? terminalScreen(output, options) : plainScreen(output, options)
}
