import { RescueError } from '../../errors/rescue-error.ts'
import type { Choice, Prompter } from '../../ports/prompter.ts'

export interface PrompterOptions {
  /** `--yes`: yes to every `confirm` that names this flag. It accepts no loss, no host key, and no `typeName`. */
  yes: boolean
  /** `--confirm NAME`: what `typeName` would have been answered. */
  confirm?: string | undefined
  /** False: never ask, whatever the terminal, as in a drill. */
  enabled?: boolean
  /** Questions are read from here and written there; both must be terminals, or nothing is ever asked. */
  input: NodeJS.ReadableStream & { isTTY?: boolean }
  output: NodeJS.WritableStream & { isTTY?: boolean }
  /** Called around every question, so that nothing is redrawn under it. */
  pause?(): void
  resume?(): void
  /** Ends a question that stands open (Ctrl-C); it rejects with an AbortError. */
  signal?: AbortSignal | undefined
}

/**
 * Asks with @inquirer/prompts on stderr. `isTTY` is checked here: the library would take a piped `y` for an answer,
 * and a pipe is how scripts and CI run (STACK: prompts).
 */
export function openPrompter(options: PrompterOptions): Prompter {
  const { enabled = true, input, output } = options
  const interactive = enabled && input.isTTY === true && output.isTTY === true
  const ask = <T>(question: string, flag: string, body: Ask<T>): Promise<T> =>
    interactive ? asked(options, body) : Promise.reject(unanswered(question, flag))
  return {
    interactive,
    confirm: async (question, { flag, default: preset = false }) => {
      if (options.yes && flag.startsWith('--yes')) return true
      return ask(question, flag, ({ confirm }, context) =>
        confirm({ message: plain(question), default: preset }, context),
      )
    },
    typeName: async (question, expected, { flag }) => {
      if (options.confirm !== undefined) return matches(options.confirm, expected, flag)
      const flagged = `${flag} ${expected}`
      // tired fingers mistype; someone in the wrong cluster does not get it right by trying
      for (let tries = 1; ; tries += 1) {
        const message = tries === 1 ? `${plain(question)} (type ${expected})` : `that is another name; type ${expected}`
        const typed = await ask(question, flagged, ({ input }, context) => input({ message }, context))
        if (typed.trim() === expected || tries === 3) return matches(typed.trim(), expected, flag)
      }
    },
    expectName: (expected, { flag }) => {
      if (options.confirm !== undefined) matches(options.confirm, expected, flag)
      else if (!interactive) throw unanswered(`type the name of the cluster, ${expected}`, `${flag} ${expected}`)
    },
    select: (question, choices, { flag, default: preset }) =>
      ask(question, flag, ({ select }, context) => select(selectConfig(question, choices, preset), context)),
    password: (question, { flag }) =>
      ask(question, flag, ({ password }, context) => password({ message: plain(question), mask: false }, context)),
  }
}

type Prompts = typeof import('@inquirer/prompts')
type Context = NonNullable<Parameters<Prompts['confirm']>[1]>
type Ask<T> = (prompts: Prompts, context: Context) => Promise<T>

async function asked<T>({ input, output, pause, resume, signal }: PrompterOptions, body: Ask<T>): Promise<T> {
  const prompts = await import('@inquirer/prompts')
  pause?.()
  try {
    return await body(prompts, { input, output, ...(signal ? { signal } : {}) })
  } catch (error) {
    throw stopped(error)
  } finally {
    resume?.()
  }
}

/** Ctrl-C at a question is the operator stopping the run, not a failure of it. */
function stopped(error: unknown): unknown {
  const name = error instanceof Error ? error.name : ''
  if (name !== 'ExitPromptError' && name !== 'AbortPromptError') return error
  return new RescueError('STOPPED', 'stopped at a question', {
    hint: 'resume with: etcd-rescue runs resume',
    cause: error,
  })
}

function unanswered(question: string, flag: string): RescueError {
  return new RescueError('ANSWER_MISSING', `a question needs an answer and there is no terminal: ${question}`, {
    hint: `answer it with ${flag}`,
  })
}

function matches(typed: string, expected: string, flag: string): void {
  if (typed === expected) return
  throw new RescueError('CONFIRMATION_WRONG', `"${typed}" is not the name of the cluster, ${expected}`, {
    hint: `check that this is the right cluster; if it is: ${flag} ${expected}`,
  })
}

function selectConfig<T>(message: string, choices: Choice<T>[], preset: T | undefined) {
  return {
    message: plain(message),
    choices: choices.map(({ value, label, disabled }) => ({
      value,
      name: plain(label),
      ...(disabled ? { disabled } : {}),
    })),
    pageSize: 15,
    loop: false,
    ...(preset === undefined ? {} : { default: preset }),
  }
}

/** Names of copies come from nodes: nothing in them may move the cursor or turn the direction of writing. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const plain = (text: string) => text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '?')
