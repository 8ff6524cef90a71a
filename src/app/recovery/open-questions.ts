import type { Config } from '../../config/index.ts'
import type { RescueError } from '../../errors/rescue-error.ts'
import type { Prompter } from '../../ports/prompter.ts'
import type { Assessment, ProposalSource } from '../../recovery/proposal.ts'
import { placeOf } from '../../recovery/wording.ts'
import { notSearched } from '../../steps/support/searched.ts'
import { sayVolumeless } from '../../steps/support/volumeless.ts'
import { assessmentLines, rivalLine, unsearchedLine } from '../../ui/proposal.ts'
import type { Session } from '../session.ts'
import { assessAll, isToRun, openIn, volumelessIn, withoutVolume } from './assess.ts'
import type { RecoverChoice } from './choice.ts'
import type { Gathered } from './gather.ts'

export interface Asking {
  session: Session
  config: Config
  choice: RecoverChoice
  prompter: Prompter
  gathered: Gathered
}

interface Asked extends Asking {
  assessments: readonly Assessment[]
}

/** Judges what was gathered, and shows it: what was not searched first of all. */
export function assessed({ session, config, choice, gathered }: Asking): Assessment[] {
  const assessments = assessAll(gathered, config, choice, new Date())
  const lines = [...openIn(gathered, config, choice).map(unsearchedLine), ...assessments.flatMap(assessmentLines)]
  for (const line of lines) session.screen.listen({ type: 'note', step: '', line })
  return assessments
}

/** On a terminal: whether to do without what was not searched, or without who has no volume, and which of two clusters is the right one. */
export async function askWhatIsOpen(asking: Asking, assessments: readonly Assessment[]): Promise<Asked> {
  const { prompter, gathered, config, choice } = asking
  const open = openIn(gathered, config, choice)
  const nodes = [...new Set(open.map(({ node }) => node))].join(',')
  if (open.length > 0) {
    const question = `${open.map(unsearchedLine).join('. ')}. Go on without it?`
    if (!(await prompter.confirm(question, { flag: `--set unsearched=${nodes}`, default: false })))
      throw notSearched(open)
  }
  const lacking = await askWithout(prompter, choice, assessments)
  const inputs = { ...choice.inputs, ...(open.length === 0 ? {} : { unsearched: nodes }), ...lacking }
  const rivals = assessments.findLast(isToRun)?.rivals
  const right = rivals && (await askWhich(prompter, rivals))
  const named = right && (right.backup === undefined ? { copy: placeOf(right) } : { backup: right.backup })
  const next = { ...asking, choice: { ...choice, ...named, inputs } }
  return { ...next, assessments: open.length > 0 || lacking || named ? assessed(next) : assessments }
}

/** The input that says to go on without the nodes that have no volume; undefined where none was open. */
async function askWithout(prompter: Prompter, { inputs }: RecoverChoice, assessments: readonly Assessment[]) {
  const open = volumelessIn(assessments)
  if (open === undefined) return undefined
  const without = [...(inputs.without ? [inputs.without] : []), ...open.nodes].join(',')
  const question = `${sayVolumeless(open.nodes, open.etcdCluster)}. Go on without?`
  if (await prompter.confirm(question, { flag: `--set without=${without}`, default: false })) return { without }
  throw withoutVolume(open) as RescueError
}

function askWhich(prompter: Prompter, rivals: readonly ProposalSource[]): Promise<ProposalSource> {
  const choices = rivals.map((rival) => ({ value: rival, label: rivalLine(rival) }))
  const [first] = rivals
  const options = { flag: '--copy, or --backup', ...(first === undefined ? {} : { default: first }) }
  return prompter.select('Which of them is the right one?', choices, options)
}
