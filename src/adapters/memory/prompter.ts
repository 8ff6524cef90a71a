import { RescueError } from '../../errors/rescue-error.ts'
import type { Prompter } from '../../ports/prompter.ts'

export interface MemoryAnswers {
  confirm?: boolean
  /** What is typed when a name is asked for. */
  name?: string
  /** The label's beginning; one that begins no label is the default. */
  select?: string
  password?: string
}

export interface MemoryPrompter extends Prompter {
  readonly questions: string[]
}

/** Answers from a table; what is not in it is `ANSWER_MISSING`, as without a terminal. */
export function memoryPrompter(answers: MemoryAnswers = {}): MemoryPrompter {
  const questions: string[] = []
  const ask = <T>(question: string, answer: T | undefined, flag: string): T => {
    questions.push(question)
    if (answer !== undefined) return answer
    throw new RescueError('ANSWER_MISSING', `no terminal to ask on: ${question}`, { hint: `answer it with ${flag}` })
  }
  return {
    interactive: false,
    questions,
    confirm: async (question, { flag }) => ask(question, answers.confirm, flag),
    password: async (question, { flag }) => ask(question, answers.password, flag),
    select: async (question, choices, { flag, default: fallback }) => {
      const { select } = answers
      const chosen = choices.find(({ label }) => select !== undefined && label.startsWith(select))
      return ask(question, select === undefined ? undefined : (chosen?.value ?? fallback), flag)
    },
    typeName: async (question, expected, { flag }) => {
      if (ask(question, answers.name, flag) === expected) return
      throw new RescueError('CONFIRMATION_WRONG', 'that is not the name of the cluster', { hint: `type ${expected}` })
    },
  }
}
