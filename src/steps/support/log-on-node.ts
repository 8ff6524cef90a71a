import { type MemberLog, peekMember, readMemberLog } from '../../bolt/index.ts'
import { toRescueError } from '../../errors/rescue-error.ts'
import { type MemberSources, memberSources } from '../../node/member-sources.ts'
import { listDataDirs } from '../../node/volumes.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'
import { absent, type Seen, seen, unseen } from '../../seen/index.ts'

interface Where {
  host: RemoteHost
  /** The base directory of the volume. */
  base: string
  /** Of the token's directory. */
  path: string
}

interface Reading {
  signal: AbortSignal
  /** Bytes of WAL files that are behind, of so many. */
  onBytes(done: number, total: number): void
}

/** Of one directory, on a node that answers. */
const OF_ONE_PLACE: readonly string[] = ['HOST_COMMAND', 'HOST_OUTPUT', 'COPY_CHANGED']

/**
 * The whole log of a member directory on a node, read there from its first record on, against its database. One of which a
 * part could not be read is `unseen`, and never a log without faults.
 */
export async function logOnNode({ host, base, path }: Where, reading: Reading): Promise<Seen<MemberLog>> {
  const { found, unsearched } = await listDataDirs(host, base)
  const hidden = unsearched.find((one) => one.path === undefined || isIn(one.path, path) || isIn(path, one.path))
  if (hidden) return unseen(`${hidden.path ?? base} could not be looked into: ${hidden.why}`)
  const dir = found.find((one) => one.path === path)
  const sources = dir && memberSources(host, dir, reading.signal)
  if (sources === undefined) return absent
  try {
    return seen(await readAll(sources, reading))
  } catch (error) {
    const { code, message } = toRescueError(error)
    if (OF_ONE_PLACE.includes(code)) return unseen(message)
    throw error
  }
}

const isIn = (dir: string, path: string) => `${path}/`.startsWith(`${dir}/`)

async function readAll({ db, wal, snap }: MemberSources, { signal, onBytes }: Reading): Promise<MemberLog> {
  const total = wal.reduce((sum, { source }) => sum + source.size, 0)
  const onProgress = (done: number) => onBytes(done, total)
  return readMemberLog(await peekMember(db, [], snap), { wal, snap }, { signal, onProgress })
}
