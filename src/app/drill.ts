import { requireNodes, toTarget } from '../config/index.ts'
import { createJournal, memoryJournal, openJournal, type RunResult } from '../engine/index.ts'
import type { Lab } from '../lab/index.ts'
import { planRunbook } from '../runbook/index.ts'
import { registry } from '../steps/registry.ts'
import { breaking } from './break-step.ts'
import { handOver, toByHandResult } from './drill-by-hand.ts'
import { compare, isRight, toRecord } from './drill-compared.ts'
import { type DrillOptions, parseDrill } from './drill-options.ts'
import { execute } from './execute.ts'
import { type ByHandResult, type DrillResult, type Outcome, toRescueResult } from './result.ts'
import { findRunbook } from './runbooks.ts'
import type { Session } from './session.ts'
import { loadSettings } from './settings.ts'

/**
 * The whole incident on this machine, and its recovery by the same runbook through the same code as `recover`; then a
 * comparison that does not trust the runbook's own. Leaves nothing behind unless `keep`.
 */
export async function drill(session: Session, options: DrillOptions): Promise<Outcome<DrillResult | ByHandResult>> {
  const { labOptions, seed, breakStep, runbook, minor, binDir } = parseDrill(options)
  const note = (line: string) => session.screen.listen({ type: 'note', step: '', line })
  const [{ buildLab, incident }, { localEtcd }] = await Promise.all([
    import('../lab/index.ts'),
    import('../adapters/etcd/local.ts'),
  ])
  const started = performance.now()
  const release = await localEtcd({ ...(binDir === undefined ? {} : { binDir }), emit: note }).find(minor)
  note(`building a cluster with etcd ${release.version}`)
  const lab = await buildLab({ ...labOptions, release, note })
  try {
    const happened = await incident(lab, seed)
    const seconds = (performance.now() - started) / 1000
    const before = toRecord(happened, { etcdVersion: release.version, store: lab.store.url, seconds })
    if (options.byHand) {
      await handOver(lab, happened, note)
      const compared = await compare(lab, happened)
      return { value: toByHandResult(lab, before, compared), exitCode: compared.digestMatches ? 0 : 40 }
    }
    const inLab = sessionIn(session, lab)
    const result = await recoverIn(inLab, { runbook, breakStep, binDir })
    const compared = result.status === 'succeeded' ? await compare(lab, happened) : undefined
    const value: DrillResult = {
      ...toRescueResult(result),
      incident: before,
      ...(compared === undefined ? {} : { compared }),
      ...(options.keep ? { directory: lab.dir } : {}),
    }
    return { value, exitCode: isRight(value) ? result.exitCode : 40 }
  } finally {
    await lab.close()
  }
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

interface RecoverIn {
  runbook: string
  breakStep: string | undefined
  binDir: string | undefined
}

/** `recover`, and with `breakStep` a resume after the failure: what an operator would type. */
async function recoverIn(session: Session, { runbook: name, breakStep, binDir }: RecoverIn): Promise<RunResult> {
  const config = await loadSettings(session)
  const target = requireNodes(toTarget(config, 'main'))
  const aimed = { ...target, tools: { ...target.tools, ...(binDir === undefined ? {} : { etcdBinDir: binDir }) } }
  const runbook = await findRunbook(name)
  const steps = breakStep === undefined ? registry : breaking(registry, breakStep)
  const plan = planRunbook(runbook, steps, aimed, {})
  const run = { runbook, inputs: plan.inputs, target: aimed, tool: session.version }
  const journal = session.dryRun ? memoryJournal(run) : await createJournal(config.workDir, run)
  const first = await execute(session, { config, target: aimed, plan, journal })
  if (breakStep === undefined || first.status !== 'failed') return first
  const again = await openJournal(config.workDir, first.run)
  return execute(session, { config, target: aimed, plan, journal: again })
}
