import { RescueError } from '../../errors/rescue-error.ts'
import { detectRuntime } from '../../node/detect-runtime.ts'
import { lastUsedBy, mountedBy } from '../../node/manager-volume.ts'
import { findContainers } from '../../node/runtime.ts'
import type { Search, Unlooked } from '../../node/search.ts'
import { taggedVolume } from '../../node/tagged-volume.ts'
import { findVolumes, listDataDirs } from '../../node/volumes.ts'
import { pathOn, type RemoteHost } from '../../ports/remote-host.ts'
import type { World } from '../../ports/world.ts'
import { shellWord } from '../../shell/quote.ts'
import { etcdManagerPod } from './containers.ts'
import { type Held, volumeOf } from './copies.ts'
import { volumesOf } from './volumes.ts'

type Ctx = Pick<World, 'target'>

/**
 * The base directory of the volume that this node's etcd-manager uses: what is put anywhere else, it never starts. By what
 * the operator said, the etcd that runs, the disk that etcd-manager has mounted, its log, its manifest on bare metal; or
 * there is only one volume that could be it, and nothing was left unseen. Never by a `state`: a volume that was attached
 * beside has one too. `PRECONDITION` where nothing tells. `own`: the copies on this node.
 */
export async function seatOn(context: Ctx, host: RemoteHost, own: readonly Held[], said?: string): Promise<string> {
  if (said !== undefined) return pathOn(host, said.replace(/\/+$/, ''))
  const { etcdCluster } = context.target
  const held = own.filter((copy) => copy.etcdCluster === etcdCluster)
  const bases = unique(held.map(({ path }) => volumeOf(path)))
  const running = unique(held.filter(({ serving }) => serving).map(({ path }) => volumeOf(path)))
  if (running.length === 1 && running[0] !== undefined) return running[0]
  if (running.length > 1) throw ambiguous(context, host, running)
  const { found: volumes, unsearched } = await findVolumes(host, volumesOf(context.target, host))
  const told = await byEvidence(context, host, { found: volumes, unsearched })
  if (told !== undefined && !volumes.includes(told)) throw gone(host, etcdCluster, told)
  if (told !== undefined) return told
  if (bases.length > 1) throw ambiguous(context, host, bases)
  const [first] = unsearched
  if (first !== undefined) throw hidden(host, etcdCluster, first, bases)
  return bases[0] ?? emptyVolume(context, host, own, volumes)
}

const NO_ANSWER: readonly string[] = ['PRECONDITION', 'HOST_COMMAND', 'HOST_OUTPUT']

const unique = (paths: readonly string[]) => [...new Set(paths)]

async function byEvidence({ target }: Ctx, host: RemoteHost, volumes: Search<string>): Promise<string | undefined> {
  const { found: bases, unsearched } = volumes
  const { etcdCluster, log } = target
  // of several that it has mounted one may be hidden
  const mounted = unsearched.length === 0 && (await unlessSilent(() => byMounts(host, etcdCluster, bases)))
  return (
    (mounted || undefined) ??
    (await unlessSilent(() => byLog(host, log, bases))) ??
    (await unlessSilent(() => taggedVolume(host, etcdManagerPod(etcdCluster), bases)))
  )
}

/** Where a node does not answer one question, the next one may tell. */
async function unlessSilent(look: () => Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await look()
  } catch (error) {
    if (!(error instanceof RescueError) || !NO_ANSWER.includes(error.code)) throw error
    return undefined
  }
}

async function byMounts(host: RemoteHost, etcdCluster: string, bases: readonly string[]): Promise<string | undefined> {
  const [container] = await findContainers(host, etcdManagerPod(etcdCluster))
  if (container === undefined || bases.length === 0) return undefined
  const { pid } = await (await detectRuntime(host)).inspect(container.id)
  const seen = pid > 0 ? await mountedBy(host, pid, bases) : undefined
  if (seen?.is !== 'seen') return undefined
  const { mounted, untold } = seen.value
  // it also sees what the node had mounted when it began, and any on the root disk may be the one: then it tells nothing
  return mounted.length === 1 && untold.length === 0 ? mounted[0] : undefined
}

async function byLog(host: RemoteHost, log: string | undefined, bases: readonly string[]): Promise<string | undefined> {
  const used = log === undefined ? undefined : await lastUsedBy(host, pathOn(host, log))
  if (used?.is !== 'seen') return undefined
  return bases.find((base) => base === used.value) ?? pathOn(host, used.value)
}

/** A new volume has no database that says whose it is: it is the one that holds nothing. */
async function emptyVolume(
  { target }: Ctx,
  host: RemoteHost,
  own: readonly Held[],
  bases: readonly string[],
): Promise<string> {
  const used = new Set(own.map(({ path }) => volumeOf(path)))
  const free: string[] = []
  for (const base of bases) {
    if (used.has(base)) continue
    const { found, unsearched } = await listDataDirs(host, base)
    if (found.length + unsearched.length === 0) free.push(base)
  }
  const [only] = free
  if (only !== undefined && free.length === 1) return only
  const what = free.length === 0 ? 'no volume' : `more than one volume (${free.join(', ')})`
  throw new RescueError('PRECONDITION', `${host.name}: ${what} could be that of etcd ${target.etcdCluster}`, {
    hint: `say which its etcd-manager uses: ${sayIt(host, target.etcdCluster, free[0])}`,
  })
}

function ambiguous({ target }: Ctx, host: RemoteHost, bases: readonly string[]): RescueError {
  const { etcdCluster, log } = target
  const [first] = bases
  const look =
    log === undefined
      ? `look at the log of its etcd-manager on node ${host.name}`
      : `look on node ${host.name}: grep -e 'Setting data dir' -e 'etcd with datadir' ${shellWord(pathOn(host, log))}`
  return new RescueError(
    'PRECONDITION',
    `${host.name}: ${bases.join(' and ')} both hold data of etcd ${etcdCluster}, and nothing says which of them etcd-manager uses`,
    {
      hint: `${look}; then say it: ${sayIt(host, etcdCluster, first)}, or name only that one as volumes: of the node`,
    },
  )
}

/** Each etcd cluster has its own volume: of more than one, an input is main's. */
const sayIt = (host: RemoteHost, etcdCluster: string, base = '/mnt/VOLUME') =>
  `${etcdCluster === 'main' ? '' : `--etcd-cluster ${etcdCluster} `}--set seats=${shellWord(host.name)}=${shellWord(base)}`

/** What lies on the volumes that are there is beside it. */
function gone(host: RemoteHost, etcdCluster: string, base: string): RescueError {
  return new RescueError(
    'PRECONDITION',
    `${host.name}: by its log, the etcd-manager of ${etcdCluster} last used ${base}, which is not among the volumes that were found`,
    { hint: `is its disk mounted? If it uses another one now, say which: ${sayIt(host, etcdCluster)}` },
  )
}

/** The only one that was seen need not be the one: a disk that hangs, or cannot be read, may be it. */
function hidden(host: RemoteHost, etcdCluster: string, { path, why }: Unlooked, bases: readonly string[]): RescueError {
  return new RescueError(
    'PRECONDITION',
    `${host.name}: ${path ?? 'a part of it'} could not be looked at (${why}), and may be the volume that the etcd-manager of ${etcdCluster} uses: nothing says which it is`,
    {
      hint: `mend it, or unmount it; or say which volume it uses: ${sayIt(host, etcdCluster, bases[0])}`,
    },
  )
}

/** `a=/mnt/x,b=/mnt/y` as the operator types it. `USAGE` for what is no such list. */
export function parseSeats(list: string, nodes: readonly string[]): Map<string, string> {
  const pairs = list
    .split(',')
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '')
    .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)] as const)
  const odd = pairs.find(([node, path]) => !nodes.includes(node) || !path.startsWith('/'))
  if (odd === undefined) return new Map(pairs)
  throw new RescueError('USAGE', `seats: ${JSON.stringify(odd.join('=').slice(0, 200))} is no NODE=/PATH`, {
    hint: `write it as --set seats=${nodes[0] ?? 'a'}=/mnt/VOLUME; nodes are ${nodes.join(', ')}`,
  })
}
