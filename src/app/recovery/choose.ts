import { type Config, toTarget } from '../../config/index.ts'
import { checkWorkDir } from '../../engine/index.ts'
import { RescueError } from '../../errors/rescue-error.ts'
import type { Prompter } from '../../ports/prompter.ts'
import type { Assessment, Method, Proposal } from '../../recovery/proposal.ts'
import { namedNodes } from '../../steps/support/named-nodes.ts'
import { parseSeats } from '../../steps/support/seat.ts'
import { choiceLine } from '../../ui/proposal.ts'
import type { Screen } from '../../ui/screen.ts'
import { sessionPrompter } from '../prompter.ts'
import { runRunbook } from '../recover.ts'
import type { Outcome, RescueResult } from '../result.ts'
import type { Session } from '../session.ts'
import { loadSettings } from '../settings.ts'
import { withScratch } from '../temporary.ts'
import { isToRun, obstacle, openIn, seatedOf, unreadableStore } from './assess.ts'
import type { RecoverChoice } from './choice.ts'
import { offerFence } from './fence-offer.ts'
import { type Gathered, gather, type SaidSeats } from './gather.ts'
import { mustHaveEtcds } from './needed-etcd.ts'
import { type Asking, askWhatIsOpen, assessed } from './open-questions.ts'
import { runAll } from './run-all.ts'

/** Looks at everything, shows what is proposed, lets a person choose where there is one, and runs it. */
export async function chooseAndRun(session: Session, choice: RecoverChoice): Promise<Outcome<RescueResult>> {
  const config = await loadSettings(session)
  const names = choice.etcdCluster === undefined ? Object.keys(config.etcdClusters) : [choice.etcdCluster]
  // what is not configured is told before anything is asked
  for (const name of names) toTarget(config, name)
  if (!session.dryRun) await checkWorkDir(config.workDir)
  const gathered = await lookAtAll(session, config, names, saidIn(choice, config, names))
  const prompter = sessionPrompter(session, new AbortController().signal)
  const asking = { session, config, choice, prompter, gathered }
  const assessments = assessed(asking)
  const asks = prompter.interactive && !session.dryRun
  const stops = obstacle(assessments, asks, openIn(gathered, config, choice)) ?? unreadableStore(gathered, assessments)
  if (stops) throw stops
  await mustHaveEtcds(asking, assessments)
  if (!asks) return runAll(session, config, assessments, choice)
  return askAndRun(asking, assessments)
}

/** `USAGE` for what is no such list, before any node is asked. */
function saidIn({ inputs }: RecoverChoice, { nodes }: Config, names: string[]): SaidSeats {
  const known = nodes.controlPlane.map(({ name }) => name)
  for (const input of ['without', 'unsearched', 'down']) namedNodes(input, inputs[input] ?? '', known)
  const seated = seatedOf(names)
  return new Map(seated === undefined ? [] : [[seated, parseSeats(inputs.seats ?? '', known)]])
}

async function lookAtAll(
  session: Session,
  config: Config,
  names: readonly string[],
  said: SaidSeats,
): Promise<Gathered> {
  const line = `looking at every copy on the nodes and in the backup stores of ${names.join(', ')}`
  session.screen.listen({ type: 'note', step: '', line })
  try {
    return await withScratch(session, config, (room) => gather({ session, config, ...room }, names, said))
  } finally {
    session.screen.end()
  }
}

const bug = () => new RescueError('BUG', 'nothing to ask about', { hint: 'report it' })

async function askAndRun(asking: Asking, assessments: readonly Assessment[]): Promise<Outcome<RescueResult>> {
  const { session, gathered } = asking
  // before all that takes a person long to answer: an empty cluster is served meanwhile
  if (gathered.fenced) session.screen.listen({ type: 'note', step: '', line: FENCED_ALREADY })
  else {
    const fenced = await fenceIfWanted(asking, assessments)
    if (fenced === undefined) return askRest(asking, assessments)
    if (fenced.exitCode !== 0) return fenced
  }
  return behindFence(session.screen, () => askRest(asking, assessments))
}

/** API servers that were stopped for a recovery that does not come to its end: nobody must find out by their silence. */
async function behindFence(screen: Screen, rest: () => Promise<Outcome<RescueResult>>): Promise<Outcome<RescueResult>> {
  const tell = () => screen.listen({ type: 'note', step: '', line: STILL_FENCED })
  try {
    const outcome = await rest()
    const hasTold = outcome.value.next?.some((line) => line.startsWith('etcd-rescue unfence')) ?? false
    if (outcome.exitCode !== 0 && !hasTold) tell()
    return outcome
  } catch (error) {
    tell()
    throw error
  }
}

const FENCED_ALREADY = 'the API servers are stopped already: they stay so until the data is verified'
const STILL_FENCED = 'API servers are stopped. Start them only when etcd serves what it should: etcd-rescue unfence'

async function askRest(asking: Asking, assessments: readonly Assessment[]): Promise<Outcome<RescueResult>> {
  const { session, config, prompter, gathered } = asking
  const asked = await askWhatIsOpen(asking, assessments)
  const first = asked.assessments.findLast(isToRun)
  if (first?.best === undefined) throw obstacle(asked.assessments, true) ?? bug()
  // a script that someone starts by hand must not wait for a key: it has said yes to what is proposed
  const best = session.yes ? first.best : await askMethod(prompter, first, first.best)
  const chosen = asked.assessments.map((one) => (one === first ? { ...one, best } : one))
  const unreadable = unreadableStore(gathered, chosen)
  if (unreadable) throw unreadable
  return runAll(session, config, chosen, asked.choice)
}

async function fenceIfWanted({ session, prompter, gathered }: Asking, assessments: readonly Assessment[]) {
  const first = assessments.findLast(isToRun)
  const served = gathered.etcdClusters.get('main')?.live
  if (first?.best === undefined || first.etcdCluster !== 'main') return undefined
  if (!(await offerFence(session, prompter, { served, best: first.best }))) return undefined
  const screen = inBetween(session.screen)
  return runRunbook({ ...session, screen, yes: true }, { etcdCluster: 'main', runbook: 'fence', inputs: {} })
}

/** Of a run that the recovery goes on after: its steps are shown, and neither a head nor a last screen, unless it failed. */
function inBetween(screen: Screen): Screen {
  return {
    ...screen,
    listen: (event) => {
      if (event.type === 'run-started') return
      if (event.type === 'run-finished' && event.status === 'succeeded') return
      screen.listen(event)
    },
  }
}

async function askMethod(
  prompter: Prompter,
  { etcdCluster, proposals }: Assessment,
  best: Proposal,
): Promise<Proposal> {
  const choices = proposals.map((proposal) => ({
    value: proposal.method,
    label: choiceLine(proposal),
    ...(proposal.possible ? {} : { disabled: 'not possible' }),
  }))
  const options = { flag: '--method', default: best.method }
  const method = await prompter.select<Method>(`Bring etcd ${etcdCluster} back how?`, choices, options)
  return proposals.find((proposal) => proposal.method === method) ?? best
}
