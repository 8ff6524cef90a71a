import { RescueError } from '../../errors/rescue-error.ts'
import { DATA_FILE, readBackup } from '../../etcd-manager/backups.ts'
import type { ObjectStore } from '../../ports/object-store.ts'
import { inflateBackup } from '../../steps/support/inflate.ts'
import { mustBeNoArchive } from './archive.ts'
import { isGzip, kindOfFile } from './kind.ts'
import type { Opener, Opening } from './opening.ts'
import { readRange } from './read-range.ts'

/** A backup by its name, or a database or snapshot that somebody put there unpacked: that one is read by ranges. */
export async function openInStore(store: ObjectStore, key: string, room: Opener): Promise<Opening> {
  const object = await store.head(key)
  if (!object) return openBackup(store, key, room)
  if (object.size === 0) throw empty(store, key)
  const read = (offset: number, length: number) => readRange(store, key, offset, length, room.signal)
  if (await isGzip((bytes) => read(0, Math.min(bytes, object.size)))) return openGzip(store, key, room)
  const db = { size: object.size, read }
  await mustBeNoArchive(db, `${store.url}/${key}`, undefined)
  return {
    kind: kindOfFile(db.size),
    path: `${store.url}/${key}`,
    db,
    wal: [],
    snap: [],
    findings: [],
    close: async () => {},
  }
}

/** A folder of the backup store. `OBJECT_MISSING` when there is none; without its meta file it is a finding. */
export async function openBackup(store: ObjectStore, name: string, room: Opener): Promise<Opening> {
  const { meta, problem, gzBytes, code, hint } = await readBackup(store, name, room.signal)
  if (code === 'OBJECT_ARCHIVED' && hint !== undefined) {
    throw new RescueError(code, `${store.url}/${name} is archived`, { hint })
  }
  if (code === 'OBJECT_UNREADABLE' && hint !== undefined) {
    throw new RescueError(code, problem ?? `${store.url}/${name} cannot be read`, { hint })
  }
  if (!gzBytes) throw empty(store, `${name}/${DATA_FILE}`)
  const opened = await openGzip(store, `${name}/${DATA_FILE}`, room)
  const findings = problem === undefined ? opened.findings : [`unusable: ${problem}`, ...opened.findings]
  return { ...opened, path: `${store.url}/${name}`, findings, ...(meta ? { etcdVersion: meta.etcdVersion } : {}) }
}

async function openGzip(store: ObjectStore, key: string, room: Opener): Promise<Opening> {
  const packed = await store.stream(key, { signal: room.signal })
  const inflated = await inflateBackup(packed, { ...room, name: `${store.url}/${key}` })
  return { kind: 'backup', path: `${store.url}/${key}`, wal: [], snap: [], ...inflated }
}

function empty(store: ObjectStore, key: string): RescueError {
  return new RescueError('BACKUP_INVALID', `${store.url}/${key} is empty or missing`, {
    hint: 'choose another: etcd-rescue backup list',
  })
}
