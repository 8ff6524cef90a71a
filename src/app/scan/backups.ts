import pLimit from 'p-limit'
import { peekMember } from '../../bolt/index.ts'
import { type Config, toTarget } from '../../config/index.ts'
import { toRescueError } from '../../errors/rescue-error.ts'
import { type Backup, faultOf, listBackups } from '../../etcd-manager/backups.ts'
import { worthALook } from '../../etcd-manager/worth-a-look.ts'
import type { ObjectStore } from '../../ports/object-store.ts'
import type { Scratch } from '../../ports/scratch.ts'
import { inside } from '../../steps/support/copies.ts'
import { unreadOf } from '../../steps/support/unread.ts'
import type { ScanValue } from '../../ui/scan.ts'
import { toInspectValue } from '../inspect-value.ts'
import type { Session } from '../session.ts'
import { openBackup } from '../sources/in-store.ts'
import { openBackupStore } from '../stores.ts'
import type { Found } from './found.ts'

interface Room {
  session: Session
  config: Config
  options: { backups: number }
  scratch: Scratch
  signal: AbortSignal
  notes: string[]
}

export interface StoreFound {
  found: Found[]
  others: ScanValue['others']
}

/** A gzip is one core's work. */
const AT_ONCE = 2

/** The backups of one etcd cluster: the newest are looked into, the others are named. */
export async function foundInStore(etcdCluster: string, room: Room): Promise<StoreFound> {
  const { config, session, options, signal } = room
  const target = toTarget(config, etcdCluster)
  const store = await openBackupStore(target.backupStore, config, session.sources.env)
  const backups = await listBackups(store, { signal })
  const looked = worthALook(backups, options.backups)
  const limit = pLimit(AT_ONCE)
  const found = await Promise.all(
    looked.map((backup) => limit(() => lookInto(store, backup, { etcdCluster, cluster: target.cluster }, room))),
  )
  const others = backups.filter((backup) => !looked.includes(backup))
  return { found, others: others.map((backup) => toOther(store, backup)) }
}

interface Whose {
  etcdCluster: string
  cluster: string
}

async function lookInto(store: ObjectStore, backup: Backup, whose: Whose, room: Room): Promise<Found> {
  const id = `${store.url}/${backup.name}`
  try {
    const opening = await openBackup(store, backup.name, room)
    try {
      const peek = await peekMember(opening.db, [])
      // a folder of the store says whose it is where the content does not
      const named = peek.guess === 'unknown' ? { ...peek, guess: whose.etcdCluster as typeof peek.guess } : peek
      const read = opening.bytesRead ?? (() => 0)
      const value = toInspectValue({ ...opening, label: id, bytesRead: read }, named)
      return toFound(id, backup, value, inside(named, whose.cluster))
    } finally {
      await opening.close()
    }
  } catch (error) {
    if (room.signal.aborted) throw error
    const fault = faultOf(error)
    const finding = `unusable: ${fault?.problem ?? toRescueError(error).message}`
    if (fault?.code === 'OBJECT_ARCHIVED') room.notes.push(`${id} is archived: ${fault.hint}`)
    const value = { source: id, kind: 'backup' as const, path: id, etcdCluster: whose.etcdCluster }
    const nothing = { members: [], sizeBytes: 0, walBytes: 0, sampled: {}, bytesRead: 0 }
    const found = toFound(id, backup, { ...value, ...nothing, findings: [finding] }, {})
    const unread = fault && unreadOf(fault)
    return unread === undefined ? found : { ...found, unread }
  }
}

function toFound(
  id: string,
  backup: Backup,
  value: ReturnType<typeof toInspectValue>,
  facts: ReturnType<typeof inside>,
): Found {
  const { findings } = value
  // what etcd-manager would refuse ranks with what cannot be read
  const isRefused = findings.some((finding) => finding.startsWith('unusable'))
  return {
    ...(isRefused ? {} : facts),
    ...{ id, serving: false, findings },
    ...(backup.gzBytes === undefined ? {} : { gzBytes: backup.gzBytes }),
    value: {
      ...value,
      place: 'backup',
      serving: false,
      backup: backup.name,
      at: backup.createdAt.toISOString(),
      ...(facts.recordsKept === undefined ? {} : { records: facts.recordsKept }),
      ...(facts.keysKept === undefined ? {} : { keysKept: facts.keysKept }),
    },
  }
}

function toOther(store: ObjectStore, { name, createdAt, gzBytes, problem }: Backup): ScanValue['others'][number] {
  return {
    backup: name,
    store: store.url,
    createdAt: createdAt.toISOString(),
    ...(gzBytes === undefined ? {} : { gzBytes }),
    ...(problem === undefined ? {} : { problem }),
  }
}
