import { type Output, styleFor } from './style.ts'
import { clean } from './text.ts'

interface ToldError {
  code: string
  message: string
  hint: string
}

/** An error as the last thing on the screen: what happened, its code for the docs, what to do. */
export function errorText({ code, message, hint }: ToldError, output: Output, env: NodeJS.ProcessEnv): string {
  const { bad, faint } = styleFor(output, env)
  return `${bad('Error:')} ${clean(message)}\n${faint('Code:')} ${code}\n${faint('Try:')} ${clean(hint)}\n`
}

/** The error inside the value of a run that ended badly; '' when it has none. */
export function failureText(value: unknown, output: Output = process.stderr, env = process.env): string {
  const { error } = (value ?? {}) as { error?: ToldError }
  return error === undefined ? '' : errorText(error, output, env)
}
