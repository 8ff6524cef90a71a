import { peekMember } from '../../bolt/index.ts'
import { type Backup, DATA_FILE, faultOf } from '../../etcd-manager/backups.ts'
import type { World } from '../../ports/world.ts'
import { inside } from './copies.ts'
import type { RankableBackup } from './good-backups.ts'
import { inflateBackup } from './inflate.ts'

/** A backup with what a few pages of it tell. `findings` say why it cannot be used. */
export interface LookedInto extends RankableBackup {
  backup: Backup
  findings: string[]
  /** Of the database and its SHA-256; absent where nothing could be unpacked. */
  unpackedBytes?: number
}

interface LookOptions {
  signal: AbortSignal
  onBytes?: (total: number) => void
}

/** Unpacks a backup, checks its hash and looks into it; nothing of it stays. A bad one is a finding, not an error. */
export async function lookIntoBackup(world: World, backup: Backup, options: LookOptions): Promise<LookedInto> {
  const named = { id: backup.name, serving: false, at: backup.createdAt.toISOString(), backup }
  if (backup.problem !== undefined) return { ...named, findings: [`unusable: ${backup.problem}`] }
  try {
    return { ...named, ...(await contentOf(world, backup.name, options)) }
  } catch (error) {
    const fault = faultOf(error)
    if (!fault) throw error
    return { ...named, backup: { ...backup, ...fault }, findings: [`unusable: ${fault.problem}`] }
  }
}

type Content = Pick<LookedInto, 'findings' | 'revision' | 'unpackedBytes'>

async function contentOf({ store, scratch, target }: World, name: string, options: LookOptions): Promise<Content> {
  const packed = await store.stream(`${name}/${DATA_FILE}`, { signal: options.signal })
  const { db, findings, close } = await inflateBackup(packed, { ...options, scratch, name })
  try {
    const peek = await peekMember(db, [])
    const isOther = peek.guess !== 'unknown' && peek.guess !== target.etcdCluster
    const other = `unusable: it is of etcd ${peek.guess}, in the store of etcd ${target.etcdCluster}`
    const all = [...findings, ...peek.findings, ...(isOther ? [other] : [])]
    // what etcd-manager would refuse ranks with what cannot be read
    const isRefused = all.some((finding) => finding.startsWith('unusable'))
    return { ...(isRefused ? {} : inside(peek, target.cluster)), findings: all, unpackedBytes: db.size }
  } finally {
    await close()
  }
}
