import type { Config } from '../../config/index.ts'
import { loadRun } from '../../engine/index.ts'
import { RescueError } from '../../errors/rescue-error.ts'
import { loadRunbook } from '../../runbook/index.ts'
import { registry } from '../../steps/registry.ts'
import { carryOut, prepareRun, runRunbook } from '../recover.ts'
import type { Outcome, RescueResult } from '../result.ts'
import type { Session } from '../session.ts'
import { loadSettings } from '../settings.ts'
import type { RecoverChoice } from './choice.ts'
import { chooseAndRun } from './choose.ts'

/**
 * Brings a cluster back. With `auto`, looks at all copies, proposes the best way for each etcd cluster and takes it; a
 * method or runbook that is named is run as it is, on one etcd cluster.
 */
export async function recover(session: Session, choice: RecoverChoice): Promise<Outcome<RescueResult>> {
  const { runbook, method, from, factsOf } = choice
  if (runbook !== undefined) return runNamed(session, choice, runbook)
  if (method !== 'auto') return runNamed(session, choice, method)
  if (factsOf !== undefined && from !== undefined) return goOnFrom(session, choice, factsOf)
  if (from === undefined && factsOf === undefined) return chooseAndRun(session, choice)
  throw new RescueError('USAGE', from === undefined ? '--run without --from' : '--from without a method', {
    hint: 'say whose steps they are: --method METHOD --from STEP, or --run ID --from STEP for those of an earlier run',
  })
}

async function runNamed(session: Session, choice: RecoverChoice, runbook: string): Promise<Outcome<RescueResult>> {
  const { etcdCluster = 'main', copy, backup, inputs, from, factsOf } = choice
  tellOfOthers(session, await loadSettings(session, { keep: factsOf }), etcdCluster)
  const given = { ...inputs, ...(copy === undefined ? {} : { copy }), ...(backup === undefined ? {} : { backup }) }
  return runRunbook(session, { etcdCluster, runbook, inputs: given, from, factsOf })
}

/** None is forgotten: who names the method looks after each etcd cluster. */
function tellOfOthers({ screen }: Session, { etcdClusters }: Config, etcdCluster: string): void {
  const others = Object.keys(etcdClusters).filter((name) => name !== etcdCluster)
  if (others.length === 0) return
  const line = `only etcd ${etcdCluster} is looked at, not ${others.join(', ')}: a recovery without --method plans them together`
  screen.listen({ type: 'note', step: '', line })
}

/** The steps of an earlier run are those of its runbook, as its journal has it. */
async function goOnFrom(session: Session, choice: RecoverChoice, run: string): Promise<Outcome<RescueResult>> {
  const config = await loadSettings(session, { keep: run })
  const { header } = await loadRun(config.workDir, run)
  const { copy, backup, inputs, from } = choice
  const given = { ...header.inputs, ...inputs, ...(copy && { copy }), ...(backup && { backup }) }
  const etcdCluster = choice.etcdCluster ?? header.target.etcdCluster
  const runbook = loadRunbook(header.runbook, registry)
  return carryOut(session, await prepareRun(config, { etcdCluster, inputs: given, from, factsOf: run }, runbook))
}
