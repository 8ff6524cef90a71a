import { RescueError } from '../../errors/rescue-error.ts'
import type { Choice, Prompter } from '../../ports/prompter.ts'
import { rowsOf, wrapQuestion } from '../../words/wrap.ts'

export interface PrompterOptions {
  /** `--yes`: yes to every `confirm` that names this flag. It accepts no loss, no host key, and no `typeName`. */
  yes: boolean
  /** `--confirm NAME`: what `typeName` would have been answered. */
  confirm?: string | undefined
  /** False: never ask, whatever the terminal, as in a drill. */
  enabled?: boolean
  /** Questions are read from here and written there; both must be terminals, or nothing is ever asked. */
  input: NodeJS.ReadableStream & { isTTY?: boolean }
  output: NodeJS.WritableStream & { isTTY?: boolean; columns?: number }
  /** Called around every question, so that nothing is redrawn under it. */
  pause?(): void
  resume?(): void
  /** Told of every answer but a password. */
  onAnswer?(question: string, answer: string): void
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
  let waitedMs = 0
  const ask = async <T>(question: string, flag: string, body: Ask<T>): Promise<T> => {
    if (!interactive) throw unanswered(question, flag)
    const began = performance.now()
    try {
      return await asked(options, body)
    } finally {
      waitedMs += performance.now() - began
    }
  }
  const told = <T>(question: string, value: T, answer: string): T => {
    options.onAnswer?.(question, answer)
    return value
  }
  return {
    interactive,
    waitedMs: () => waitedMs,
    confirm: async (question, { flag, default: preset = false }) => {
      if (options.yes && flag.startsWith('--yes')) return told(question, true, 'yes (--yes)')
      const answer = await ask(question, flag, ({ confirm }, context) =>
        confirm({ message: asRows(output, question, ' (y/N) yes'), default: preset }, context),
      )
      return told(question, answer, answer ? 'yes' : 'no')
    },
    typeName: async (question, expected, { flag }) => {
      if (options.confirm !== undefined) {
        matches(options.confirm, expected, flag)
        return told(question, undefined, `${expected} (${flag})`)
      }
      const flagged = `${flag} ${expected}`
      // tired fingers mistype; someone in the wrong cluster does not get it right by trying
      for (let tries = 1; ; tries += 1) {
        const text = tries === 1 ? `${question} (type ${expected})` : `that is another name; type ${expected}`
        const message = asRows(output, text, ` ${expected}`)
        const typed = await ask(question, flagged, ({ input }, context) => input({ message }, context))
        if (typed.trim() !== expected && tries < 3) continue
        matches(typed.trim(), expected, flag)
        return told(question, undefined, expected)
      }
    },
    expectName: (expected, { flag }) => {
      if (options.confirm !== undefined) matches(options.confirm, expected, flag)
      else if (!interactive) throw unanswered(`type the name of the cluster, ${expected}`, `${flag} ${expected}`)
    },
    select: async (question, choices, { flag, default: preset }) => {
      const value = await ask(question, flag, ({ select }, context) =>
        select(selectConfig(output, question, choices, preset), context),
      )
      return told(question, value, choices.find((choice) => choice.value === value)?.label ?? '')
    },
    password: (question, { flag }) =>
      ask(question, flag, ({ password }, context) =>
        password({ message: asRows(output, question, ''), mask: false }, context),
      ),
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

type Terminal = PrompterOptions['output']

/** The library breaks lines in the middle of words; what is broken already it leaves as it is. `answer`: what follows it. */
function asRows({ columns = 80 }: Terminal, question: string, answer: string): string {
  // its sign and a blank come first
  return wrapQuestion(plain(question), columns - 3, answer.length).replaceAll('\n', '\n  ')
}

function selectConfig<T>(output: Terminal, message: string, choices: Choice<T>[], preset: T | undefined) {
  return {
    message: asRows(output, message, ''),
    choices: choices.map(({ value, label, disabled }) => ({
      value,
      // two columns of the library's, and what it says of one that cannot be chosen
      name: rowsOf(plain(label), (output.columns ?? 80) - 4 - (disabled?.length ?? 0)).join('\n    '),
      // what stands behind the question once it is answered
      short: plain(label).split(/ {2,}/, 1)[0] ?? '',
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
