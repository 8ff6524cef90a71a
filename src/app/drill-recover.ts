import { requireNodes, toTarget } from '../config/index.ts'
import { createJournal, memoryJournal, openJournal } from '../engine/index.ts'
import type { Lab } from '../lab/index.ts'
import { planRunbook } from '../runbook/index.ts'
import { registry } from '../steps/registry.ts'
import { breaking } from './break-step.ts'
import { recoverByChoice } from './drill-auto.ts'
import type { ParsedDrill } from './drill-options.ts'
import { execute } from './execute.ts'
import { runRunbook } from './recover.ts'
import { type Outcome, type RescueResult, toRescueResult } from './result.ts'
import { findRunbook } from './runbooks.ts'
import type { Session } from './session.ts'
import { loadSettings } from './settings.ts'

/** What the operator of the sandbox types: `recover`, by the method that the drill names. */
export function recoverInLab(
  session: Session,
  lab: Lab,
  { method, breakStep }: Pick<ParsedDrill, 'method' | 'breakStep'>,
): Promise<Outcome<RescueResult>> {
  const inLab = sessionIn(session, lab)
  if (method === 'auto') return recoverByChoice(inLab)
  if (breakStep !== undefined) return recoverBroken(inLab, method, breakStep)
  return runRunbook(inLab, { runbook: method, etcdCluster: 'main', inputs: {} })
}

/** The operator of a drill is a script: nobody is asked, and the sandbox's name is known. */
function sessionIn(session: Session, lab: Lab): Session {
  const { workDir: _, ...rest } = session
  const env = { ...session.sources.env, ...lab.env }
  return {
    ...rest,
    sources: { config: lab.configFile, env: withoutOverrides(env), cwd: lab.dir },
    yes: true,
    confirm: lab.cluster,
    interactive: false,
  }
}

/** An operator's own cluster must not leak into the sandbox by way of kOps' variables. */
function withoutOverrides({ KOPS_CLUSTER_NAME, KOPS_STATE_STORE, S3_ENDPOINT, S3_REGION, ...env }: NodeJS.ProcessEnv) {
  return env
}

/** A recovery whose step fails once, and a resume after it. */
async function recoverBroken(session: Session, method: string, breakStep: string): Promise<Outcome<RescueResult>> {
  const config = await loadSettings(session)
  const target = requireNodes(toTarget(config, 'main'))
  const runbook = await findRunbook(method)
  const plan = planRunbook(runbook, breaking(registry, breakStep), target, {})
  const run = { runbook, inputs: plan.inputs, target, tool: session.version }
  const journal = session.dryRun ? memoryJournal(run) : await createJournal(config.workDir, run)
  const first = await execute(session, { config, target, plan, journal })
  if (first.status !== 'failed') return { value: toRescueResult(first), exitCode: first.exitCode }
  const again = await openJournal(config.workDir, first.run)
  const result = await execute(session, { config, target, plan, journal: again })
  return { value: toRescueResult(result), exitCode: result.exitCode }
}
