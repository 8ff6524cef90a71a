import type { OnCall } from '../../ports/calls.ts'
import type { Prompter } from '../../ports/prompter.ts'

/** Asks what leads to a decision; what a person would have to do first is told and not asked about: nobody has done it. */
export function withholdByHand(prompter: Prompter, onCall: OnCall): Prompter {
  return {
    ...prompter,
    confirm: async (question, options) => {
      if (options.byHand === undefined) return prompter.confirm(question, options)
      onCall({ where: 'by hand', effect: 'change', withheld: true, line: options.byHand })
      return true
    },
  }
}
