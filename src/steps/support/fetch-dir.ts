import { readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { RescueError } from '../../errors/rescue-error.ts'
import { sha256On, statMember } from '../../node/files.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'
import type { World } from '../../ports/world.ts'
import type { Facts } from '../facts.ts'
import { fetchFile } from './fetch-file.ts'
import { removeFile } from './files.ts'

interface FetchDir {
  world: World
  signal: AbortSignal
  note(line: string): void
  onBytes(done: number, total: number): void
  /** The part file of the database, on this machine, holds so many bytes now, of so many. */
  onDatabase?(part: string, stored: number, bytes: number): void
  /** Default: yes. `false`: nothing is synced; see `mustBeOfThisBoot`. */
  isDurable?: boolean
}

const DATABASE = 'member/snap/db'
/** A young cluster's log is whole from its beginning: an etcd makes the database from it. */
const IS_LOG = /^member\/wal\/[0-9a-f-]+\.wal$/

/** What is fetched: a data directory on a node, and how it is called in messages. */
interface Wanted {
  host: RemoteHost
  path: string
  id: string
}

/**
 * Fetches every file with content of `<path>/member` into a directory of the scratch, goes on where an earlier attempt
 * broke, and compares the digests on both ends; of a copy that need not last, what an earlier run
 * left and is not equal is fetched anew. Originals are only read. `COPY_CHANGED` when one changed meanwhile, `COPY_CORRUPT` without a database
 * and without a log.
 */
export async function fetchMemberDir(
  context: FetchDir,
  { host, path, id }: Wanted,
  parts: readonly [string, ...string[]],
): Promise<Facts['fetched']> {
  const before = await listed(host, path)
  if (!before.some(({ path: one }) => one === DATABASE || IS_LOG.test(one))) throw withoutDb(id, path)
  const total = before.reduce((sum, file) => sum + file.bytes, 0)
  const to = await context.world.scratch.dir(...parts)
  // from a copy that is to last nothing is ever taken, whatever became of the original
  const isPassing = context.isDurable === false
  if (isPassing) await removeOthers(to, before)
  await context.world.scratch.needRoom(total)
  const digests = sha256On(
    host,
    before.map((file) => `${path}/${file.path}`),
  )
  digests.catch(() => {}) // awaited below; a failed transfer is the better error
  const first = await fetchFiles(context, { host, path, to, total }, before)
  const remote = await digests
  const isTorn = (file: FetchedFile) => isPassing && file.had > 0 && remote.get(`${path}/${file.path}`) !== file.sha256
  const torn = first.filter(isTorn)
  for (const file of torn) {
    context.note(`what an earlier attempt left here of ${file.path} is not what the node has: fetched anew`)
    await removeFile(join(to, file.path))
  }
  const again = await fetchFiles(context, { host, path, to, total }, torn)
  await mustBeUnchanged(host, path, before)
  const files = [...first.filter((file) => !isTorn(file)), ...again].map(({ had: _, ...file }) => file)
  compare(files, remote, path)
  return { dir: to, bytes: total, files }
}

/** An etcd that ran on what an earlier attempt fetched, and was killed with it, may have left files of its own. */
async function removeOthers(to: string, wanted: readonly { path: string }[]): Promise<void> {
  const known = new Set(wanted.flatMap(({ path }) => [path, `${path}.part`]))
  for (const entry of await readdir(to, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath ?? entry.path, entry.name)
    if (!entry.isDirectory() && !known.has(relative(to, path))) await removeFile(path)
  }
}

interface Fetching {
  host: RemoteHost
  path: string
  to: string
  total: number
}

type FetchedFile = Awaited<ReturnType<typeof fetchFiles>>[number]

/** One after the other; what is here already counts as done. */
async function fetchFiles(
  { world, signal, note, onBytes, onDatabase, isDurable = true }: FetchDir,
  { host, path, to, total }: Fetching,
  wanted: readonly { path: string; bytes: number }[],
) {
  let done = total - wanted.reduce((sum, file) => sum + file.bytes, 0)
  const files = []
  for (const file of wanted) {
    const onStored = file.path === DATABASE ? onDatabase : undefined
    const its = { world, signal, note, isDurable, ...(onStored ? { onStored } : {}) }
    const onGot = (got: number) => onBytes(done + got, total)
    files.push({ path: file.path, ...(await fetchFile(its, host, path, file, join(to, file.path), onGot)) })
    done += file.bytes
  }
  return files
}

type Stat = Awaited<ReturnType<typeof statMember>>

/** `*.tmp` are WAL files that etcd has allocated ahead, 64 MB without content: it makes them anew. */
async function listed(host: RemoteHost, path: string): Promise<Stat> {
  return (await statMember(host, path)).filter((file) => !file.path.endsWith('.tmp'))
}

async function mustBeUnchanged(host: RemoteHost, path: string, before: Stat): Promise<void> {
  const after = new Map((await listed(host, path)).map((file) => [file.path, file]))
  const moved = before.find(
    (file) => after.get(file.path)?.bytes !== file.bytes || after.get(file.path)?.modifiedAt !== file.modifiedAt,
  )
  if (moved || after.size !== before.length) throw changed(`${path}/${moved?.path ?? 'member'}`)
}

function compare(files: Facts['fetched']['files'], remote: Map<string, string>, base: string): void {
  const other = files.find((file) => remote.get(`${base}/${file.path}`) !== file.sha256)
  if (other) throw changed(`${base}/${other.path}`)
}

function changed(path: string): RescueError {
  return new RescueError('COPY_CHANGED', `${path} changed while it was read`, {
    hint: 'an etcd is running on this directory: it is not a trashed copy; choose another with --copy NODE:TOKEN',
  })
}

function withoutDb(id: string, path: string): RescueError {
  return new RescueError('COPY_CORRUPT', `the copy ${id} has neither member/snap/db nor a log in ${path}`, {
    hint: 'choose another copy: etcd-rescue recover --copy NODE:TOKEN',
  })
}
