import type { Incident, Lab } from '../lab/index.ts'
import { registry } from '../steps/registry.ts'
import { breaking } from './break-step.ts'
import { handOver, toByHandResult } from './drill-by-hand.ts'
import { compare, isRight, toRecord } from './drill-compared.ts'
import type { ParsedDrill } from './drill-options.ts'
import { recoverInLab } from './drill-recover.ts'
import { sandboxDir, unhurried, untilStopped } from './drill-stop.ts'
import { watchWorkloads } from './drill-workloads.ts'
import type { ByHandResult, DrillResult, Outcome } from './result.ts'
import { findRunbook } from './runbooks.ts'
import type { Session } from './session.ts'

/** One sandbox from its building to its end: the incident, one recovery, and what came of it. */
export async function drillOnce(session: Session, drill: ParsedDrill): Promise<Outcome<DrillResult | ByHandResult>> {
  const { labOptions, seed, minor, lostNodes, scenarios, method } = drill
  const note = (line: string) => session.screen.listen({ type: 'note', step: '', line })
  // a name that is wrong is told before a minute is spent on the incident
  if (drill.breakStep !== undefined) breaking(registry, drill.breakStep)
  if (method !== 'auto') await findRunbook(method)
  const [{ buildLab, incident, killTied }, { localEtcd }] = await Promise.all([
    import('../lab/index.ts'),
    import('../adapters/etcd/local.ts'),
  ])
  const started = performance.now()
  const { etcdBinDir: binDir } = labOptions
  const release = await localEtcd({ ...(binDir === undefined ? {} : { binDir }), emit: note }).find(minor)
  const dir = sandboxDir(labOptions.keep === true, killTied)
  const lab = await untilStopped(session, () => {
    note(`building a cluster with etcd ${release.version}`)
    return buildLab({ ...labOptions, dir, release, note })
  })
  try {
    const happened = await untilStopped(session, () => incident(lab, seed, { lostNodes, scenarios }))
    const seconds = (performance.now() - started) / 1000
    const before = toRecord(happened, { etcdVersion: release.version, store: lab.store.url, seconds })
    if (!drill.byHand) return await recovered(session, drill, { lab, happened, before })
    await handOver(lab, happened, note)
    const compared = await compare(lab, happened)
    return { value: toByHandResult(lab, before, compared), exitCode: compared.digestMatches ? 0 : 40 }
  } finally {
    await unhurried(session, () => lab.close())
  }
}

interface Broken {
  lab: Lab
  happened: Incident
  before: DrillResult['incident']
}

async function recovered(session: Session, drill: ParsedDrill, broken: Broken): Promise<Outcome<DrillResult>> {
  const { lab, happened, before } = broken
  const { killLeaderWhileItArchives, watchOutage } = await import('../lab/index.ts')
  if (drill.scenarios.includes('leader-killed')) await killLeaderWhileItArchives(lab)
  const workloads = await watchWorkloads(lab, session)
  const outage = await watchOutage(lab)
  const result = await recoverInLab(workloads.session, lab, drill).catch(async (error) => {
    await outage.stop()
    throw error
  })
  const isDone = result.value.status === 'succeeded'
  const { toAnother } = await outage.stop()
  const measured = toAnother === undefined ? {} : { outageSeconds: toAnother }
  const compared = isDone ? { ...(await untilStopped(session, () => compare(lab, happened))), ...measured } : undefined
  const value: DrillResult = {
    ...result.value,
    incident: before,
    ...(compared === undefined ? {} : { compared }),
    ...(session.dryRun ? {} : { workloads: await workloads.count(isDone) }),
    ...(drill.labOptions.keep ? { directory: lab.dir } : {}),
  }
  return { value, exitCode: isRight(value) ? result.exitCode : 40 }
}
