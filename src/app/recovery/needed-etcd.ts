import { toRescueError, WithheldError } from '../../errors/rescue-error.ts'
import type { EtcdMinor, LocalEtcd } from '../../ports/etcd.ts'
import type { Assessment } from '../../recovery/proposal.ts'
import { type Offer, offeredBut, offersOf } from '../../steps/support/etcd-of-nodes.ts'
import { minorOfData } from '../../steps/support/needed-etcd.ts'
import { lazyNodes } from '../sources/nodes.ts'
import { isToRun } from './assess.ts'
import type { Asking } from './open-questions.ts'

/**
 * The etcds that all that is proposed needs on this machine, looked for before the API servers are fenced and before the
 * first of several etcd clusters is recovered. Where only a node has one, the run asks.
 */
export async function mustHaveEtcds(asking: Asking, assessments: readonly Assessment[]): Promise<void> {
  const note = noteOf(asking)
  const etcd = await etcdOf(asking)
  for (const [etcdCluster, minor] of neededBy(asking, assessments)) {
    const missing = await etcd.find(minor).then(
      () => undefined,
      (error) => (error instanceof WithheldError ? undefined : toRescueError(error)),
    )
    if (missing === undefined) continue
    const [offer] = missing.code === 'ETCD_MISSING' ? await offered(asking, etcdCluster, minor) : []
    if (offer === undefined) throw missing
    const { interactive } = asking.prompter
    if (!interactive && asking.config.tools.etcdFromNodes !== true) throw offeredBut(missing, offer)
    note(
      `etcd ${minor} is not on this machine; ${offer.host.name} carries ${offer.version}: nothing of it runs here unasked`,
    )
  }
}

const noteOf =
  ({ session }: Asking) =>
  (line: string) =>
    session.screen.listen({ type: 'note', step: '', line })

async function etcdOf(asking: Asking): Promise<LocalEtcd> {
  const [{ localEtcd }, { withholdLocalEtcd }] = await Promise.all([
    import('../../adapters/etcd/local.ts'),
    import('../../adapters/dry-run/etcd.ts'),
  ])
  const { etcdBinDir: binDir } = asking.config.tools
  const own = localEtcd({ ...(binDir === undefined ? {} : { binDir }), emit: noteOf(asking) })
  return asking.session.dryRun ? withholdLocalEtcd(own, () => {}) : own
}

async function offered({ session, config }: Asking, etcdCluster: string, minor: string): Promise<Offer[]> {
  const { signal } = new AbortController()
  const nodes = lazyNodes(session, config, { etcdCluster, signal })
  try {
    return await offersOf((await nodes.all()).controlPlane, etcdCluster, minor)
  } finally {
    await nodes.close()
  }
}

/** By etcd cluster, the minor version of what is started from. */
function neededBy({ gathered }: Asking, assessments: readonly Assessment[]): [string, EtcdMinor][] {
  return assessments.filter(isToRun).flatMap(({ etcdCluster, best }) => {
    const copies = gathered.etcdClusters.get(etcdCluster)?.copies ?? []
    const from = copies.filter(({ id }) => id === best?.source?.id)
    return from.map(({ etcdVersion }): [string, EtcdMinor] => [etcdCluster, minorOfData(etcdVersion) as EtcdMinor])
  })
}
