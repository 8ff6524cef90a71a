import { type Config, toTarget } from '../../config/index.ts'
import { type RescueError, toRescueError } from '../../errors/rescue-error.ts'
import type { Scratch } from '../../ports/scratch.ts'
import { rankCopies } from '../../steps/support/rank.ts'
import { runningCluster } from '../../steps/support/running.ts'
import { reasons } from '../../steps/support/why.ts'
import type { ScanCopy, ScanValue } from '../../ui/scan.ts'
import type { Session } from '../session.ts'
import { loadSettings } from '../settings.ts'
import { lazyNodes } from '../sources/nodes.ts'
import { withScratch } from '../temporary.ts'
import { foundInStore, type StoreFound } from './backups.ts'
import type { Found } from './found.ts'
import { foundOnNodes } from './nodes.ts'

export type { ScanValue } from '../../ui/scan.ts'

export interface ScanOptions {
  /** Only this etcd cluster. Default: all of the configuration, and what else is found. */
  etcdCluster?: string | undefined
  /** How many backups of each store to look into, the newest first. */
  backups: number
}

interface Scan {
  session: Session
  config: Config
  options: ScanOptions
  scratch: Scratch
  signal: AbortSignal
  notes: string[]
}

interface Searched extends Pick<ScanValue, 'unsearched'> {
  found: Found[]
  others?: StoreFound['others']
  /** Why nothing of it could be searched. */
  error?: RescueError
}

/**
 * Every copy of the data that there is: on all volumes of all control-plane nodes, and the newest backups, ranked by
 * what they hold. A node, a place on one or a store that could not be searched is `unsearched`; when nothing answers, its
 * error is thrown.
 */
export async function scanCopies(session: Session, options: ScanOptions): Promise<ScanValue> {
  const config = await loadSettings(session)
  // a name that is not configured is told before anything is asked
  if (options.etcdCluster !== undefined) toTarget(config, options.etcdCluster)
  try {
    return await withScratch(session, config, ({ scratch, signal }) =>
      scanAll({ session, config, options, scratch, signal, notes: [] }),
    )
  } finally {
    session.screen.end()
  }
}

async function scanAll(scan: Scan): Promise<ScanValue> {
  const [nodes, ...stores] = await Promise.all([
    searchNodes(scan),
    ...clustersOf(scan).map((name) => searchStore(scan, name)),
  ])
  const asked = [nodes, ...stores].filter((one) => one !== undefined)
  const [first] = asked
  if (first?.error && asked.every(({ error }) => error !== undefined)) throw first.error
  const copies = namedByToken(asked.flatMap(({ found }) => found))
  const wanted = scan.options.etcdCluster
  const shown = copies.filter(({ value }) => wanted === undefined || [wanted, 'unknown'].includes(value.etcdCluster))
  return {
    copies: ranked(shown, clustersOf(scan)),
    others: stores.flatMap(({ others = [] }) => others),
    unsearched: asked.flatMap(({ unsearched }) => unsearched),
    notes: scan.notes,
  }
}

/** A copy that could not be read belongs to the etcd cluster of those that have its token. */
function namedByToken(copies: readonly Found[]): Found[] {
  const isKnown = ({ value }: Found) => value.etcdCluster !== 'unknown'
  const names = new Map(copies.filter(isKnown).map(({ token, value }) => [token, value.etcdCluster]))
  return copies.map((copy) => {
    const name = isKnown(copy) || copy.token === undefined ? undefined : names.get(copy.token)
    return name === undefined ? copy : { ...copy, value: { ...copy.value, etcdCluster: name } }
  })
}

const clustersOf = ({ config, options }: Scan) =>
  options.etcdCluster === undefined ? Object.keys(config.etcdClusters) : [options.etcdCluster]

/** On a quiet day, or before the nodes are known, the backups are worth a look by themselves. */
const NO_NODES =
  'no control-plane node is configured: only backups were looked for (list the nodes under nodes: controlPlane: in etcd-rescue.yaml)'

/** Undefined when there is none to ask. */
async function searchNodes(scan: Scan): Promise<Searched | undefined> {
  const { session, config, signal } = scan
  const [etcdCluster = 'main'] = clustersOf(scan)
  const target = toTarget(config, etcdCluster)
  if (target.nodes.controlPlane.length === 0) {
    scan.notes.push(NO_NODES)
    return undefined
  }
  const nodes = lazyNodes(session, config, { etcdCluster, signal })
  try {
    return await foundOnNodes((await nodes.all()).controlPlane, target, {
      note: (line) => scan.notes.push(line),
      signal,
    })
  } catch (cause) {
    const error = noted(scan, toRescueError(cause))
    const unsearched = target.nodes.controlPlane.map(({ name }) => ({ node: name, why: error.message }))
    return { found: [], unsearched, error }
  } finally {
    await nodes.close()
  }
}

async function searchStore(scan: Scan, etcdCluster: string): Promise<Searched> {
  try {
    return { ...(await foundInStore(etcdCluster, scan)), unsearched: [] }
  } catch (cause) {
    const error = noted(scan, toRescueError(cause))
    const store = toTarget(scan.config, etcdCluster).backupStore
    return { found: [], unsearched: [{ store, why: error.message }], error }
  }
}

/** Letting us in is the operator's to do, and stopping is their wish: these are no notes. */
const FATAL: readonly string[] = ['HOST_KEY_CHANGED', 'HOST_KEY_UNKNOWN', 'HOST_AUTH', 'HOST_SUDO', 'STOPPED', 'BUG']

function noted({ notes }: Scan, error: RescueError): RescueError {
  if (FATAL.includes(error.code) || error.exitCode === 2) throw error
  notes.push(`${error.message} (${error.hint})`)
  return error
}

/** Each etcd cluster by itself, in the configuration's order; what nobody could read comes last. */
function ranked(copies: readonly Found[], order: readonly string[]): ScanCopy[] {
  const names = [...new Set([...order, ...copies.map(({ value }) => value.etcdCluster).sort()])]
  const last = names.filter((name) => name !== 'unknown').concat('unknown')
  return last.flatMap((name) => {
    const all = copies.filter(({ value }) => value.etcdCluster === name)
    // an etcd that runs alone on what a member kept while it was away serves nobody
    const running = runningCluster(all)
    const own = rankCopies(all, running)
    const why = reasons(own, running)
    return own.map((found, index) => ({
      ...{ ...found.value, serving: running.uses(found) },
      ...{ rank: index + 1, why: why.get(found) ?? '' },
    }))
  })
}
