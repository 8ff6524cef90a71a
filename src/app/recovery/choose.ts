import { type Config, toTarget } from '../../config/index.ts'
import { checkWorkDir } from '../../engine/index.ts'
import { RescueError } from '../../errors/rescue-error.ts'
import type { Prompter } from '../../ports/prompter.ts'
import type { Assessment, Method, Proposal } from '../../recovery/proposal.ts'
import { alternativeLine, assessmentLines } from '../../ui/proposal.ts'
import { sessionPrompter } from '../prompter.ts'
import { runRunbook } from '../recover.ts'
import type { Outcome, RescueResult } from '../result.ts'
import type { Session } from '../session.ts'
import { loadSettings } from '../settings.ts'
import { withScratch } from '../temporary.ts'
import { assessAll, isToRun, obstacle } from './assess.ts'
import type { RecoverChoice } from './choice.ts'
import { offerFence } from './fence-offer.ts'
import { type Gathered, gather } from './gather.ts'
import { runAll } from './run-all.ts'

/** Looks at everything, shows what is proposed, lets a person choose where there is one, and runs it. */
export async function chooseAndRun(session: Session, choice: RecoverChoice): Promise<Outcome<RescueResult>> {
  const config = await loadSettings(session)
  const names = choice.etcdCluster === undefined ? Object.keys(config.etcdClusters) : [choice.etcdCluster]
  // what is not configured is told before anything is asked
  for (const name of names) toTarget(config, name)
  if (!session.dryRun) await checkWorkDir(config.workDir)
  const gathered = await lookAtAll(session, config, names)
  const assessments = assessAll(gathered, config, choice, new Date())
  for (const line of assessments.flatMap(assessmentLines)) session.screen.listen({ type: 'note', step: '', line })
  const prompter = sessionPrompter(session, new AbortController().signal)
  const asks = prompter.interactive && !session.dryRun
  const stops = obstacle(assessments, asks) ?? unreadableStore(gathered, assessments)
  if (stops) throw stops
  if (!asks) return runAll(session, config, assessments, choice)
  return askAndRun({ session, config, choice, prompter, gathered }, assessments)
}

async function lookAtAll(session: Session, config: Config, names: readonly string[]): Promise<Gathered> {
  const line = `looking at every copy on the nodes and in the backup stores of ${names.join(', ')}`
  session.screen.listen({ type: 'note', step: '', line })
  try {
    return await withScratch(session, config, (room) => gather({ session, config, ...room }, names))
  } finally {
    session.screen.end()
  }
}

/** A run would take its lock there: better told now than at the second of three etcd clusters. */
function unreadableStore({ etcdClusters }: Gathered, assessments: readonly Assessment[]): RescueError | undefined {
  const wanted = assessments.filter(isToRun).map(({ etcdCluster }) => etcdClusters.get(etcdCluster)?.storeError)
  return wanted.find((error) => error !== undefined)
}

interface Asking {
  session: Session
  config: Config
  choice: RecoverChoice
  prompter: Prompter
  gathered: Gathered
}

async function askAndRun(asking: Asking, assessments: readonly Assessment[]): Promise<Outcome<RescueResult>> {
  const { session, config, choice, prompter, gathered } = asking
  const first = assessments.findLast(isToRun)
  if (first?.best === undefined) throw new RescueError('BUG', 'nothing to ask about', { hint: 'report it' })
  const served = gathered.etcdClusters.get('main')?.live
  if (first.etcdCluster === 'main' && (await offerFence(session, prompter, { served, best: first.best }))) {
    const fenced = await runRunbook({ ...session, yes: true }, { etcdCluster: 'main', runbook: 'fence', inputs: {} })
    if (fenced.exitCode !== 0) return fenced
  }
  const best = await askMethod(prompter, first, first.best)
  const chosen = assessments.map((one) => (one === first ? { ...one, best } : one))
  return runAll(session, config, chosen, choice)
}

async function askMethod(
  prompter: Prompter,
  { etcdCluster, proposals }: Assessment,
  best: Proposal,
): Promise<Proposal> {
  const choices = proposals.map((proposal) => ({
    value: proposal.method,
    label: alternativeLine(proposal, best),
    ...(proposal.possible ? {} : { disabled: 'not possible' }),
  }))
  const options = { flag: '--method', default: best.method }
  const method = await prompter.select<Method>(`Bring etcd ${etcdCluster} back how?`, choices, options)
  return proposals.find((proposal) => proposal.method === method) ?? best
}
