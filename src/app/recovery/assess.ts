import type { Config } from '../../config/index.ts'
import { RescueError } from '../../errors/rescue-error.ts'
import { isNamed } from '../../recovery/copies.ts'
import type { Assessment } from '../../recovery/proposal.ts'
import { proposeMethods } from '../../recovery/propose.ts'
import type { Gathered } from './gather.ts'

export interface Named {
  copy?: string | undefined
  backup?: string | undefined
}

/** What each etcd cluster needs, main last. A copy that was named narrows the choice for its own etcd cluster alone. */
export function assessAll(gathered: Gathered, config: Config, named: Named, now: Date): Assessment[] {
  const owner = ownerOf(gathered, named)
  return mainLast([...gathered.etcdClusters.keys()]).map((etcdCluster) => {
    const { copies, live } = gathered.etcdClusters.get(etcdCluster) ?? { copies: [], live: undefined }
    return proposeMethods({
      ...{ etcdCluster, copies, live, now },
      nodes: config.nodes.controlPlane.map(({ name }) => name),
      bytesPerSecond: gathered.bytesPerSecond,
      loopSeconds: config.loopSeconds,
      ...(etcdCluster === owner ? { copy: named.copy, backup: named.backup } : {}),
    })
  })
}

const mainLast = (names: string[]) => [
  ...names.filter((name) => name !== 'main'),
  ...names.filter((name) => name === 'main'),
]

/** The etcd cluster of the copy or backup that was named. `COPY_NOT_FOUND` when there is none, or more than one. */
function ownerOf({ etcdClusters }: Gathered, { copy, backup }: Named): string | undefined {
  if (copy === undefined && backup === undefined) return undefined
  const owners = [...etcdClusters].flatMap(([etcdCluster, { copies }]) =>
    copies
      .filter((one) => (copy === undefined ? one.backup === backup : isNamed(one, copy)))
      .map((one) => ({ etcdCluster, place: `${one.node}:${one.path}` })),
  )
  const [one, other] = owners
  if (one !== undefined && (other === undefined || backup !== undefined)) return one.etcdCluster
  const name = JSON.stringify(copy ?? backup)
  if (one && other)
    throw new RescueError('COPY_NOT_FOUND', `two copies are called ${name}: ${one.place} and ${other.place}`, {
      hint: `name one by its path: --copy ${one.place}`,
    })
  const known = [...etcdClusters.values()].flatMap(({ copies }) => copies.map(({ id, backup: own }) => own ?? id))
  throw new RescueError('COPY_NOT_FOUND', `there is no ${copy === undefined ? 'backup' : 'copy'} ${name}`, {
    hint: `there are: ${known.slice(0, 20).join(', ') || 'none'}; an older backup is named with --method restore-backup --set backup=NAME`,
  })
}

/** What stops a recovery before it begins; undefined where it can go on. `asks`: somebody can be asked. */
export function obstacle(assessments: readonly Assessment[], asks: boolean): RescueError | undefined {
  const main = assessments.find(({ etcdCluster }) => etcdCluster === 'main')
  const unclear = assessments.find(({ need }) => need === 'unclear')
  const first = main ?? (assessments.length === 1 ? assessments[0] : undefined)
  if (first?.need === 'nothing')
    return told(first, 'COPY_NOT_FOUND', 'check nodes and volumes in etcd-rescue.yaml: etcd-rescue scan')
  if (first?.need === 'unclear' && !asks) return told(first, 'ANSWER_MISSING', first.hint ?? '')
  if (first?.need === 'lost' && !first.best) return unrecoverable(first)
  if (assessments.some(isToRun)) return undefined
  const all = assessments.map(({ etcdCluster, why }) => `etcd ${etcdCluster}: ${why}`).join('; ')
  return new RescueError('PRECONDITION', `nothing needs a recovery. ${all}`, {
    hint: unclear?.hint ?? 'look at all copies: etcd-rescue scan; to go back to one all the same, name it with --copy',
  })
}

/** Of main a person may have said that it is to be recovered; others are left alone where that is not clear. */
export const isToRun = ({ need, best, etcdCluster }: Assessment) =>
  best !== undefined && (need === 'lost' || (need === 'unclear' && etcdCluster === 'main'))

function told({ etcdCluster, why }: Assessment, code: 'COPY_NOT_FOUND' | 'ANSWER_MISSING', hint: string): RescueError {
  return new RescueError(code, `etcd ${etcdCluster}: ${why}`, { hint })
}

function unrecoverable({ etcdCluster, proposals }: Assessment): RescueError {
  const reasons = proposals.map(({ method, why }) => `${method}: ${why}`).join('; ')
  return new RescueError('PRECONDITION', `etcd ${etcdCluster} cannot be recovered. ${reasons}`, {
    hint: 'look at all copies: etcd-rescue scan; name another one with --copy',
  })
}
