import type { RemoteHost } from '../ports/remote-host.ts'
import { type RemoteFile, remoteFileSource } from './page-source.ts'
import type { DataDir } from './volumes.ts'

export interface MemberSources {
  /** Marked as missing where there is none. */
  db: RemoteFile & { isMissing?: true }
  /** Oldest first. */
  wal: { name: string; source: RemoteFile }[]
  /** What lies beside the database: raft snapshots as a rule. */
  snap: { name: string; source: RemoteFile }[]
  /** Of all of these files so far. */
  bytesRead(): number
}

const WAL = 'member/wal/'
const SNAP = 'member/snap/'

/** The database and the WAL of a data directory on a node, read in pieces. Undefined where there is neither. */
export function memberSources(host: RemoteHost, dir: DataDir, signal?: AbortSignal): MemberSources | undefined {
  let bytesRead = 0
  const open = ({ path, bytes }: { path: string; bytes: number }): RemoteFile => {
    const file = remoteFileSource(host, `${dir.path}/${path}`, bytes, signal)
    return {
      size: file.size,
      read: async (offset, length) => {
        const content = await file.read(offset, length)
        bytesRead += length
        return content
      },
    }
  }
  const db = dir.files.find(({ path }) => path === 'member/snap/db')
  if (!db && !dir.files.some(({ path }) => path.startsWith(WAL))) return undefined
  const below = (folder: string) =>
    dir.files
      .filter((file) => file.path.startsWith(folder))
      .map((file) => ({ name: file.path.slice(folder.length), source: open(file) }))
  return {
    db: db ? open(db) : { size: 0, isMissing: true, read: async () => Buffer.alloc(0) },
    // the names sort as the numbers do
    wal: below(WAL).filter(({ name }) => name.endsWith('.wal')),
    snap: below(SNAP).filter(({ name }) => name !== 'db'),
    bytesRead: () => bytesRead,
  }
}
