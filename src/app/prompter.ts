import { openPrompter, type PrompterOptions } from '../adapters/prompt/prompter.ts'
import type { Prompter } from '../ports/prompter.ts'
import type { Session } from './session.ts'

/** Questions go to the session's terminal, if it has one; its flags answer what they can. */
export function sessionPrompter(
  { screen, yes, confirm, interactive }: Session,
  signal: AbortSignal,
  onAnswer: PrompterOptions['onAnswer'] = () => {},
): Prompter {
  return openPrompter({
    yes,
    confirm,
    enabled: interactive,
    input: process.stdin,
    output: process.stderr,
    pause: screen.pause,
    resume: screen.resume,
    signal,
    onAnswer,
  })
}
