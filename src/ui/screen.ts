import type { Emit } from '../engine/events.ts'
import { plainScreen } from './plain.ts'
import { type Output, styleFor } from './style.ts'
import { terminalScreen } from './terminal.ts'

/** A listener of the engine that shows a run to people. */
export interface Screen {
  listen: Emit
  /** Before a question: takes everything that is redrawn off the screen. */
  pause(): void
  resume(): void
  /** After the last event: gives the terminal back. */
  end(): void
}

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
