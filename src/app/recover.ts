import { type Config, requireNodes, toTarget } from '../config/index.ts'
import {
  createJournal,
  loadRun,
  memoryJournal,
  type NewRun,
  openJournal,
  type RunResult,
  selectItems,
} from '../engine/index.ts'
import { factsOf } from '../engine/state.ts'
import { RescueError } from '../errors/rescue-error.ts'
import type { Target } from '../ports/target.ts'
import { loadRunbook, type Plan, planRunbook, type Runbook } from '../runbook/index.ts'
import { registry } from '../steps/registry.ts'
import { type Execution, execute } from './execute.ts'
import { wantsUnfence } from './offer-unfence.ts'
import { type Outcome, type RescueResult, toRescueResult } from './result.ts'
import { findRunbook, type RunbookChoice } from './runbooks.ts'
import { newestRun } from './runs.ts'
import type { Session } from './session.ts'
import { loadSettings } from './settings.ts'

export interface RunChoice extends RunbookChoice {
  from?: string | undefined
  only?: string | undefined
  /** An earlier run whose results `from` and `only` go on with. */
  factsOf?: string | undefined
}

/** A run that was planned and not yet begun: what is wrong with its inputs is known, and nothing was touched. */
export interface PreparedRun {
  config: Config
  target: Target
  plan: Plan
  options: NonNullable<Execution['options']>
}

/**
 * Runs a runbook against the configured cluster. What went wrong inside the run is in the value, with its exit code;
 * thrown is only what stopped it from beginning.
 */
export async function runRunbook(session: Session, choice: RunChoice): Promise<Outcome<RescueResult>> {
  const config = await loadSettings(session, { keep: choice.factsOf })
  return carryOut(session, await prepareRun(config, choice, await findRunbook(choice.runbook)))
}

/** Plans a run. `USAGE` and `CONFIG_INVALID` for what cannot be planned. */
export async function prepareRun(
  config: Config,
  choice: Omit<RunChoice, 'runbook'>,
  runbook: Runbook,
): Promise<PreparedRun> {
  const target = requireNodes(toTarget(config, choice.etcdCluster))
  const plan = planRunbook(runbook, registry, target, choice.inputs)
  const options = await optionsOf(choice, config.workDir, target.etcdCluster)
  // a step that is not there is a wrong flag, and no run that failed and could be resumed
  selectItems(plan, { facts: {}, ...options })
  return { config, target, plan, options }
}

export async function carryOut(session: Session, prepared: PreparedRun): Promise<Outcome<RescueResult>> {
  const { config, target, plan, options } = prepared
  const run: NewRun = { runbook: plan.runbook, inputs: plan.inputs, target, tool: session.version }
  const journal = session.dryRun ? memoryJournal(run) : await createJournal(config.workDir, run)
  const result = await execute(session, { config, target, plan, journal, options })
  await unfenceIfWanted(session, config, result, target.etcdCluster)
  return { value: toRescueResult(result), exitCode: result.exitCode }
}

/** What is no longer configured stays as it was. */
export const withTools = (target: Target, { tools }: Config): Target => ({
  ...target,
  tools: { ...target.tools, ...tools },
})

async function unfenceIfWanted(
  session: Session,
  config: Config,
  result: RunResult,
  etcdCluster: string,
): Promise<void> {
  if (!(await wantsUnfence(session, result))) return
  const runbook = await findRunbook('unfence')
  await carryOut({ ...session, yes: true }, await prepareRun(config, { etcdCluster, inputs: {} }, runbook))
}

async function optionsOf(
  { from, only, factsOf: earlier }: Omit<RunChoice, 'runbook'>,
  workDir: string,
  etcdCluster: string,
) {
  const run = earlier === undefined ? undefined : await loadRun(workDir, earlier)
  if (run && run.etcdCluster !== etcdCluster) throw ofAnother(run, etcdCluster)
  return {
    ...(from === undefined ? {} : { from }),
    ...(only === undefined ? {} : { only }),
    ...(run === undefined ? {} : { facts: factsOf(run.state) }),
  }
}

/** What was found out about one etcd cluster must never be done to another. */
function ofAnother({ run, etcdCluster }: { run: string; etcdCluster: string }, wanted: string): RescueError {
  return new RescueError('USAGE', `run ${run} is about etcd ${etcdCluster}, and this one about etcd ${wanted}`, {
    hint: `say which: --etcd-cluster ${etcdCluster}; or go on with all that it was told: etcd-rescue recover --run ${run} --from STEP`,
  })
}

/**
 * Goes on with a run as its journal has it: the same runbook text, inputs and target, whatever the files say now. Only the
 * programs of this machine are those that are configured now: a run that ended since one was missing goes on with it.
 */
export async function resumeRun(session: Session, id?: string): Promise<Outcome<RescueResult>> {
  const config = await loadSettings(session)
  const { breakLock } = session
  const journal = await openJournal(config.workDir, id ?? (await newestRun(config.workDir)), { breakLock })
  const { runbook, inputs } = journal.header
  const target = withTools(journal.header.target, config)
  const plan = planRunbook(loadRunbook(runbook, registry), registry, target, inputs)
  const result = await execute(session, { config, target, plan, journal })
  await unfenceIfWanted(session, config, result, target.etcdCluster)
  return { value: toRescueResult(result), exitCode: result.exitCode }
}
