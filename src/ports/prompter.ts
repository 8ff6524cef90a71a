export interface Choice<T> {
  value: T
  /** One line; columns already aligned. */
  label: string
  disabled?: string
}

/**
 * Questions to the operator. Without a terminal every method rejects with `ANSWER_MISSING` and the hint names the flag
 * that answers it. Questions go to stderr: stdout is the result's.
 */
export interface Prompter {
  readonly interactive: boolean
  /** `byHand`: what the answer says that a person has done. That is a change, and a dry run withholds the question. */
  confirm(question: string, options: { flag: string; default?: boolean; byHand?: string }): Promise<boolean>
  /** What can't be taken back wants the name typed: `y` is muscle memory. Resolves only when it matched. */
  typeName(question: string, expected: string, options: { flag: string }): Promise<void>
  /** Throws at once what `typeName` would throw without asking: a run should not find out at its last question. */
  expectName?(expected: string, options: { flag: string }): void
  select<T>(question: string, choices: Choice<T>[], options: { flag: string; default?: T }): Promise<T>
  /** How long its questions have stood so far: time in which nobody works. */
  waitedMs?(): number
  /** Never echoed, never logged. */
  password(question: string, options: { flag: string }): Promise<string>
}
