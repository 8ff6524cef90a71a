import { plainScreen } from './plain.ts'
import type { Screen } from './screen.ts'
import { type Output, styleFor } from './style.ts'
import { terminalScreen } from './terminal.ts'

export interface ScreenOptions {
  /** Progress goes here, never to stdout: that is the result's. */
  output: Output & NodeJS.WritableStream
  env: NodeJS.ProcessEnv
  verbose: boolean
  /** Flags that every command told here needs as well, as they are typed: ` --config FILE`. */
  given?: string
}

/** A terminal gets bars; CI, pipes and dumb terminals get lines. The same with `--json`: that is about stdout. */
export function openScreen({ output, env, verbose, given = '' }: ScreenOptions): Screen {
  const options = { style: styleFor(output, env), verbose, given }
  return output.isTTY && env.TERM !== 'dumb' && !env.CI ? terminalScreen(output, options) : plainScreen(output, options)
}
