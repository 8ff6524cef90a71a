import { resolve } from 'node:path'
import { countedSource } from '../../bolt/index.ts'
import type { Config } from '../../config/index.ts'
import { asS3 } from '../../config/store-url.ts'
import type { Session } from '../session.ts'
import { loadSettings } from '../settings.ts'
import { openBackupStore } from '../stores.ts'
import { withScratch } from '../temporary.ts'
import { openHere } from './here.ts'
import { openInStore } from './in-store.ts'
import { lazyNodes, type Nodes } from './nodes.ts'
import { openOnNode, openToken } from './on-node.ts'
import type { Opener, Opening } from './opening.ts'
import { parseSource, type SourceRef } from './parse.ts'
import type { MemberFile, OpenedSource } from './types.ts'

export type { OpenedSource, SourceKind } from './types.ts'

export interface SourceRoom {
  config: Config
  /** Fires at Ctrl-C. */
  signal: AbortSignal
  /** Of the config; connected when asked for. */
  nodes: Nodes
}

interface Sources {
  sources: readonly string[]
  etcdCluster: string
}

/**
 * Opens sources, runs the body and closes them, also after an error or Ctrl-C. Nothing of them stays on this machine.
 * Errors of opening name the source and what to type.
 */
export async function withSources<T>(
  session: Session,
  { sources, etcdCluster }: Sources,
  body: (opened: OpenedSource[], room: SourceRoom) => Promise<T>,
): Promise<T> {
  const config = await loadSettings(session)
  const refs = sources.map(parseSource)
  return withScratch(session, config, async ({ scratch, signal }) => {
    const nodes = lazyNodes(session, config, { etcdCluster, signal })
    const openings: Opening[] = []
    try {
      for (const ref of refs) openings.push(await openRef(ref, { scratch, signal }, { session, config, nodes }))
      const opened = openings.map((opening, index) => toSource(sources[index] ?? '', opening))
      return await body(opened, { config, signal, nodes })
    } finally {
      await Promise.allSettled(openings.map((opening) => opening.close()))
      await nodes.close()
    }
  })
}

/** The same for one source. */
export function withSource<T>(
  session: Session,
  { source, etcdCluster }: { source: string; etcdCluster: string },
  body: (opened: OpenedSource, room: SourceRoom) => Promise<T>,
): Promise<T> {
  return withSources(session, { sources: [source], etcdCluster }, ([opened], room) =>
    body(opened as OpenedSource, room),
  )
}

function toSource(label: string, { close: _, bytesRead, ...opening }: Opening): OpenedSource {
  if (bytesRead) return { label, ...opening, bytesRead }
  const db = countedSource(opening.db)
  const counted = ({ name, source }: MemberFile) => ({ name, source: countedSource(source) })
  const [wal, snap] = [opening.wal.map(counted), opening.snap.map(counted)]
  const all = () => [...wal, ...snap].reduce((sum, { source }) => sum + source.bytesRead(), db.bytesRead())
  return { label, ...opening, db, wal, snap, bytesRead: all }
}

interface Surroundings {
  session: Session
  config: Config
  nodes: Nodes
}

async function openRef(ref: SourceRef, room: Opener, { session, config, nodes }: Surroundings): Promise<Opening> {
  const { cwd, env } = session.sources
  if (ref.at === 'here') return openHere(resolve(cwd, ref.path), room)
  if (ref.at === 'store')
    return openInStore(await openBackupStore(asS3(ref.store, config.s3.endpoint), config, env), ref.key, room)
  const host = await nodes.get(ref.node, ref.at === 'node' ? ref.login : undefined)
  if (ref.at === 'node') return openOnNode(host, ref.path, room.signal)
  const volumes = config.nodes.controlPlane.find(({ name }) => name === ref.node)?.volumes ?? config.volumes
  return openToken(host, ref.token, volumes, room.signal)
}
