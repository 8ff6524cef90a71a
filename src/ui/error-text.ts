import { wrapLine } from '../words/wrap.ts'
import { type Output, styleFor } from './style.ts'
import { clean } from './text.ts'
import { typedHere } from './typed-here.ts'

interface ToldError {
  code: string
  message: string
  hint: string
}

/** An error as the last thing on the screen: what happened, its code for the docs, what to do. */
export function errorText(
  { code, message, hint }: ToldError,
  output: Output,
  env: NodeJS.ProcessEnv,
  given = '',
): string {
  const { bad, faint } = styleFor(output, env)
  const width = output.isTTY ? output.columns : undefined
  const lines = [
    `${bad('Error:')} ${clean(message)}`,
    `${faint('Code:')} ${code}`,
    `${faint('Try:')} ${typedHere(clean(hint), given)}`,
  ]
  return lines
    .flatMap((line) => line.split('\n'))
    .flatMap((line) => wrapLine(line, width))
    .map((line) => `${line}\n`)
    .join('')
}

/** The error inside the value of a run that ended badly; '' when it has none. */
export function failureText(value: unknown, given = '', output: Output = process.stderr, env = process.env): string {
  const { error } = (value ?? {}) as { error?: ToldError }
  return error === undefined ? '' : errorText(error, output, env, given)
}
