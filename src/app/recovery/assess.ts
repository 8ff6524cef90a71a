import type { Config } from '../../config/index.ts'
import { RescueError } from '../../errors/rescue-error.ts'
import { isNamed } from '../../recovery/copies.ts'
import type { Assessment } from '../../recovery/proposal.ts'
import { proposeMethods } from '../../recovery/propose.ts'
import type { Unsearched } from '../../steps/facts.ts'
import { namedNodes } from '../../steps/support/named-nodes.ts'
import { notAccepted, notSearched } from '../../steps/support/searched.ts'
import { sayVolumeless, withoutFlag } from '../../steps/support/volumeless.ts'
import type { Gathered, OfCluster } from './gather.ts'

export interface Named {
  copy?: string | undefined
  backup?: string | undefined
  inputs?: Record<string, string>
}

/** What was not searched, and the operator has not said to do without: by `unsearched`, or by `down`. */
export function openIn({ unsearched }: Gathered, config: Config, { inputs = {} }: Named): Unsearched[] {
  const nodes = config.nodes.controlPlane.map(({ name }) => name)
  const accepted = ['unsearched', 'down'].flatMap((name) => namedNodes(name, inputs[name] ?? '', nodes))
  return notAccepted(unsearched, accepted)
}

const NOTHING: OfCluster = { copies: [], live: undefined }

/** What each etcd cluster needs, main last. A copy that was named narrows the choice for its own etcd cluster alone. */
export function assessAll(gathered: Gathered, config: Config, named: Named, now: Date): Assessment[] {
  const owner = ownerOf(gathered, named)
  const unsearched = [...new Set(openIn(gathered, config, named).map(({ node }) => node))]
  const nodes = config.nodes.controlPlane.map(({ name }) => name)
  const away = gathered.unsearched.filter(({ path }) => path === undefined).map(({ node }) => node)
  const without = namedNodes('without', named.inputs?.without ?? '', nodes)
  return mainLast([...gathered.etcdClusters.keys()]).map((etcdCluster) => {
    const { copies, live, seats, storeError } = gathered.etcdClusters.get(etcdCluster) ?? NOTHING
    return proposeMethods({
      ...{ etcdCluster, copies, live, unsearched, away, now, nodes, without },
      ...(seats === undefined ? {} : { seats }),
      storeUnread: storeError?.message,
      bytesPerSecond: gathered.bytesPerSecond,
      loopSeconds: config.loopSeconds,
      ...(etcdCluster === owner ? { copy: named.copy, backup: named.backup } : {}),
    })
  })
}

/** The etcd cluster that volumes which the operator named are of: each has its own. */
export const seatedOf = (names: string[]): string | undefined => mainLast(names).at(-1)

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

/**
 * What stops a recovery before it begins; undefined where it can go on. `asks`: somebody can be asked. `open`: what was not
 * searched: it may hold newer data than all that was found, and nobody does anything over it unasked.
 */
export function obstacle(
  assessments: readonly Assessment[],
  asks: boolean,
  open: readonly Unsearched[] = [],
): RescueError | undefined {
  if (open.length > 0 && !(asks && assessments.some(isToRun))) return notSearched(open)
  const main = assessments.find(({ etcdCluster }) => etcdCluster === 'main')
  const unclear = assessments.find(({ need }) => need === 'unclear')
  const first = main ?? (assessments.length === 1 ? assessments[0] : undefined)
  if (first?.need === 'nothing')
    return told(first, 'COPY_NOT_FOUND', 'check nodes and volumes in etcd-rescue.yaml: etcd-rescue scan')
  if (first?.need === 'unclear' && !(asks && first.best)) return told(first, 'ANSWER_MISSING', first.hint ?? '')
  if (first?.need === 'lost' && !first.best) return unrecoverable(first)
  if (assessments.some(isToRun)) return asks ? undefined : withoutVolume(volumelessIn(assessments))
  const all = assessments.map(({ etcdCluster, why }) => `etcd ${etcdCluster}: ${why}`).join('; ')
  const left = assessments.find(({ need, hint }) => need === 'fine' && hint !== undefined)
  const said = unclear === undefined ? 'nothing needs a recovery' : 'nothing can be recovered unasked'
  return new RescueError('PRECONDITION', `${said}. ${all}`, {
    hint:
      unclear?.hint ??
      left?.hint ??
      'look at all copies: etcd-rescue scan; to go back to one all the same, name it with --copy',
  })
}

/** Of main a person may have said that it is to be recovered; others are left alone where that is not clear. */
export const isToRun = ({ need, best, etcdCluster }: Assessment) =>
  best !== undefined && (need === 'lost' || (need === 'unclear' && etcdCluster === 'main'))

/** A run would take its lock there: better told now than at the second of three etcd clusters. */
export function unreadableStore(
  { etcdClusters }: Gathered,
  assessments: readonly Assessment[],
): RescueError | undefined {
  const wanted = assessments.filter(isToRun).map(({ etcdCluster }) => etcdClusters.get(etcdCluster))
  return wanted.map((one) => one?.storeError ?? one?.lockError).find((error) => error !== undefined)
}

/** The nodes without a volume that somebody must say to go on without, with the first etcd cluster that misses it. */
export function volumelessIn(assessments: readonly Assessment[]): { nodes: string[]; etcdCluster: string } | undefined {
  const open = assessments.filter((one) => isToRun(one) && one.volumeless !== undefined)
  const [first] = open
  if (first === undefined) return undefined
  return { nodes: [...new Set(open.flatMap(({ volumeless = [] }) => volumeless))], etcdCluster: first.etcdCluster }
}

/** Its disk may be attached in a minute: nobody is left out unasked. */
export function withoutVolume(open: ReturnType<typeof volumelessIn>): RescueError | undefined {
  if (open === undefined) return undefined
  return new RescueError('ANSWER_MISSING', sayVolumeless(open.nodes, open.etcdCluster), {
    hint: `nothing was changed; attach the disk and begin again, or go on without: ${withoutFlag(open.nodes)}`,
  })
}

function told({ etcdCluster, why }: Assessment, code: 'COPY_NOT_FOUND' | 'ANSWER_MISSING', hint: string): RescueError {
  return new RescueError(code, `etcd ${etcdCluster}: ${why}`, { hint })
}

function unrecoverable({ etcdCluster, proposals }: Assessment): RescueError {
  const reasons = proposals.map(({ method, why }) => `${method}: ${why}`).join('; ')
  return new RescueError('PRECONDITION', `etcd ${etcdCluster} cannot be recovered. ${reasons}`, {
    hint: 'look at all copies: etcd-rescue scan; name another one with --copy',
  })
}
