import type { Hook } from '@oclif/core'
import { nearest } from '../errors/nearest.ts'
import { RescueError } from '../errors/rescue-error.ts'
import { errorText } from '../ui/error-text.ts'

/** Called by oclif (package.json, `oclif.hooks`) for what is no command: told like every other wrong word. */
const unknownCommand: Hook.CommandNotFound = async function ({ id, argv = [], config }) {
  const { code, message, hint, exitCode } = wordsFor(id, config.commandIDs)
  if ([...id.split(':'), ...argv].includes('--json')) {
    process.stdout.write(`${JSON.stringify({ error: { code, message, hint } }, undefined, 2)}\n`)
  }
  process.stderr.write(errorText({ code, message, hint }, process.stderr, process.env))
  this.exit(exitCode)
}

export default unknownCommand

/** oclif joins the words up to the first flag by colons, so a superfluous argument is in the id too. */
function wordsFor(id: string, known: string[]): RescueError {
  const words = id.split(':')
  const begun = words
    .map((_, index) => words.slice(0, words.length - index).join(':'))
    .find((one) => known.includes(one))
  if (begun !== undefined) {
    const [rest = ''] = words.slice(begun.split(':').length)
    const name = begun.replaceAll(':', ' ')
    return usage(`${name} takes no argument ${JSON.stringify(rest)}`, `see: etcd-rescue ${name} --help`)
  }
  const meant = nearest(id, known)?.replaceAll(':', ' ')
  const hint = meant === undefined ? 'see what there is: etcd-rescue --help' : `did you mean: etcd-rescue ${meant}`
  return usage(`there is no command ${JSON.stringify(words.join(' '))}`, hint)
}

const usage = (message: string, hint: string) => new RescueError('USAGE', message, { hint })
