import { AsyncLocalStorage } from 'node:async_hooks'
import type { OnCall } from '../ports/calls.ts'

/** What the running step has called so far, wherever in its code it is: steps that run together have one each. */
export interface Running {
  readonly step: string
  readonly onCall: OnCall
  onAnswer(question: string, answer: string): void
  withheld: number
}

const storage = new AsyncLocalStorage<Running>()

export const within = <T>(running: Running, body: () => Promise<T>): Promise<T> => storage.run(running, body)

/**
 * Give this to the decorators of the world (`withhold`, `trace`): each call becomes an event of the step that made it,
 * and a withheld one makes that step `withheld`.
 */
export const reportCall: OnCall = (call) => {
  const running = storage.getStore()
  if (!running) return
  if (call.withheld) running.withheld += 1
  running.onCall(call)
}

/** Give this to the prompter: what was asked and answered is part of the run's memory. */
export const reportAnswer = (question: string, answer: string): void => storage.getStore()?.onAnswer(question, answer)
