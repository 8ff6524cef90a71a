import { createReadStream, type Stats } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { NO_FILE, type OpenSource, openFileSource } from '../../bolt/index.ts'
import { RescueError } from '../../errors/rescue-error.ts'
import { DATA_FILE, META_FILE, parseMeta } from '../../etcd-manager/backups.ts'
import { type Inflated, inflateBackup } from '../../steps/support/inflate.ts'
import { entriesIn } from '../../steps/support/names-in.ts'
import { mustBeNoArchive } from './archive.ts'
import { isGzip, kindOfFile } from './kind.ts'
import type { Opener, Opening } from './opening.ts'

/**
 * A copy on this machine: a database, a snapshot, `etcd.backup.gz`, or a directory that holds one: a data directory, its
 * `member/`, or a backup's folder. `LOCAL_FILE` for what cannot be read, `PRECONDITION` for what is no copy.
 */
export async function openHere(path: string, room: Opener): Promise<Opening> {
  const found = await statOf(path)
  if (found.isDirectory()) return openDirectory(path, room)
  return (await isGzip((bytes) => head(path, bytes))) ? openGzip(path, room) : openFile(path)
}

/** etcd keeps five of them. */
const MAX_SNAPS = 200

async function openDirectory(path: string, room: Opener): Promise<Opening> {
  for (const member of [join(path, 'member'), path]) if (await isMember(member)) return openMember(path, member)
  if (await exists(join(path, DATA_FILE))) return openGzip(join(path, DATA_FILE), room)
  throw new RescueError('PRECONDITION', `${path} holds no copy: neither member/snap/db nor a WAL nor ${DATA_FILE}`, {
    hint: 'name a data directory, its member/, a database file, a snapshot, or a backup',
  })
}

/** A log from index 0 makes up for a database that is not there. */
async function isMember(path: string): Promise<boolean> {
  return (await exists(join(path, 'snap/db'))) || (await namesIn(join(path, 'wal'))).some(isWal)
}

const isWal = (name: string) => name.endsWith('.wal')

const namesIn = async (dir: string) => (await entriesIn(dir)).map(({ name }) => name).sort()

async function openMember(path: string, member: string): Promise<Opening> {
  const files: OpenSource[] = []
  const close = async () => {
    await Promise.all(files.map((file) => file.close()))
  }
  const openOne = async (file: string) => {
    const source = await openFileSource(file)
    files.push(source)
    return source
  }
  try {
    const all = async (dir: string, names: string[]) => {
      const sources = []
      for (const name of names) sources.push({ name, source: await openOne(join(member, dir, name)) })
      return sources
    }
    const beside = await namesIn(join(member, 'snap'))
    const db = beside.includes('db') ? await openOne(join(member, 'snap/db')) : NO_FILE
    const wal = await all('wal', (await namesIn(join(member, 'wal'))).filter(isWal))
    const snap = await all('snap', beside.filter((name) => /\.snap(\.db)?$/.test(name)).slice(-MAX_SNAPS))
    return { kind: 'member', path, db, wal, snap, findings: [], close }
  } catch (error) {
    await close()
    throw error
  }
}

async function openFile(path: string): Promise<Opening> {
  const source = await openFileSource(path)
  await closedUnless(source, () => mustBeNoArchive(source, path, undefined))
  return {
    kind: kindOfFile(source.size),
    path,
    db: source,
    wal: [],
    snap: [],
    findings: [],
    close: () => source.close(),
  }
}

async function openGzip(path: string, { scratch, signal, onBytes }: Opener): Promise<Opening> {
  const packed = createReadStream(path, { highWaterMark: 1 << 20 })
  const options = { scratch, signal, name: path, ...(onBytes ? { onBytes } : {}) }
  const inflated: Inflated = await inflateBackup(packed, options)
  await closedUnless(inflated, () => mustBeNoArchive(inflated.db, path, 'gzip'))
  const version = basename(path) === DATA_FILE ? await versionBeside(path) : {}
  return { kind: 'backup', path, wal: [], snap: [], ...inflated, ...version }
}

async function closedUnless(opened: { close(): Promise<void> }, isFit: () => Promise<void>): Promise<void> {
  try {
    await isFit()
  } catch (error) {
    await opened.close()
    throw error
  }
}

async function versionBeside(path: string): Promise<{ etcdVersion?: string }> {
  const meta = await head(join(dirname(path), META_FILE), 16 * 1024).catch(() => undefined)
  try {
    return meta ? { etcdVersion: parseMeta(meta).etcdVersion } : {}
  } catch {
    return {}
  }
}

async function head(path: string, bytes: number): Promise<Buffer> {
  const handle = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

async function statOf(path: string): Promise<Stats> {
  try {
    const found = await stat(path)
    if (found.isFile() || found.isDirectory()) return found
    throw new Error('it is neither a file nor a directory')
  } catch (error) {
    throw new RescueError('LOCAL_FILE', `cannot read ${path}: ${error instanceof Error ? error.message : error}`, {
      hint: 'check the path; copies that lie on nodes are listed by: etcd-rescue scan',
      cause: error,
    })
  }
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  )
