import type { Config } from '../../config/index.ts'
import type { Assessment, Proposal } from '../../recovery/proposal.ts'
import { placeOf } from '../../recovery/wording.ts'
import type { Runbook } from '../../runbook/index.ts'
import { carryOut, type PreparedRun, prepareRun } from '../recover.ts'
import type { Outcome, RescueResult } from '../result.ts'
import { findRunbook } from '../runbooks.ts'
import type { Session } from '../session.ts'
import { isToRun, seatedOf } from './assess.ts'
import type { RecoverChoice } from './choice.ts'

interface Step {
  prepared: PreparedRun
  proposal: Proposal
  alternatives: Proposal[]
}

/**
 * One run for each etcd cluster that needs it, main's last, all planned before the first begins. The API servers stay
 * fenced until the last. The first run that does not end well ends the sequence: the value is its result, and a resumed
 * run is followed by `recover` for the rest.
 */
export async function runAll(
  session: Session,
  config: Config,
  assessments: readonly Assessment[],
  choice: RecoverChoice,
  run: typeof carryOut = carryOut,
): Promise<Outcome<RescueResult>> {
  const seated = seatedOf(assessments.map(({ etcdCluster }) => etcdCluster))
  const steps = await planAll(config, assessments.filter(isToRun), choice, seated)
  const leftAlone = assessments.filter((one) => !isToRun(one)).map(({ etcdCluster, why }) => ({ etcdCluster, why }))
  const done: RescueResult[] = []
  let exitCode = 0
  for (const { prepared, proposal, alternatives } of steps) {
    const outcome = await run(session, prepared)
    exitCode = outcome.exitCode
    done.push({ ...outcome.value, proposal, alternatives })
    if (exitCode !== 0) break
  }
  const last = done.at(-1) as RescueResult
  const rest = steps.slice(done.length).map(({ proposal }) => proposal.etcdCluster)
  const others = done.slice(0, -1)
  const value = {
    ...withRest(last, rest),
    ...(others.length === 0 ? {} : { others }),
    ...(leftAlone.length === 0 ? {} : { leftAlone }),
  }
  return { value, exitCode }
}

async function planAll(
  config: Config,
  assessments: readonly Assessment[],
  choice: RecoverChoice,
  seated: string | undefined,
): Promise<Step[]> {
  const steps: Step[] = []
  for (const [index, assessment] of assessments.entries()) {
    const { etcdCluster, best, proposals } = assessment
    if (best === undefined) continue
    const isLast = index === assessments.length - 1
    const runbook = await findRunbook(best.method)
    const isSeated = etcdCluster === seated
    const inputs = {
      ...inputsOf(runbook, choice, { isLast, isSeated }),
      ...sourceIn(runbook, best, assessment, choice),
      ...fence(runbook, isLast),
    }
    const prepared = await prepareRun(config, { etcdCluster, inputs }, runbook)
    steps.push({ prepared, proposal: best, alternatives: proposals.filter((other) => other !== best) })
  }
  return steps
}

/** The proposal has taken these, whether the way that was chosen knows them or not. */
const OF_THE_PROPOSAL = ['without', 'seats']

/** Inputs that were set are the last run's; the others take what they know of them. A volume is one etcd cluster's alone. */
function inputsOf(
  { inputs }: Runbook,
  choice: RecoverChoice,
  { isLast, isSeated }: { isLast: boolean; isSeated: boolean },
): Record<string, string> {
  const given = Object.entries(choice.inputs).filter(([name]) => isSeated || name !== 'seats')
  return Object.fromEntries(given.filter(([name]) => name in inputs || (isLast && !OF_THE_PROPOSAL.includes(name))))
}

/** The run takes exactly what was proposed: what it would choose by itself it would choose by the same rules, but later. */
function sourceIn({ inputs }: Runbook, { source }: Proposal, { named }: Assessment, choice: RecoverChoice) {
  const copy = named ? (choice.copy ?? source?.id) : source && placeOf(source)
  const backup = named ? (choice.backup ?? source?.backup) : source?.backup
  return {
    ...(copy !== undefined && source?.backup === undefined && 'copy' in inputs ? { copy } : {}),
    ...(backup !== undefined && 'backup' in inputs ? { backup } : {}),
  }
}

/** All under one fence: only the last run takes it away. */
const fence = ({ inputs }: Runbook, isLast: boolean): Record<string, string> =>
  isLast || !('unfence' in inputs) ? {} : { unfence: 'no' }

/** A run that ended badly says by itself how it is resumed; not what is to follow. */
function withRest(result: RescueResult, remaining: string[]): RescueResult {
  if (remaining.length === 0) return result
  const { error } = result
  const hint = error && `${error.hint}; afterwards, for etcd ${remaining.join(', ')}: etcd-rescue recover`
  return { ...result, remaining, ...(error && hint ? { error: { ...error, hint } } : {}) }
}
