import type { RemoteHost } from '../ports/remote-host.ts'
import { type RemoteFile, remoteFileSource } from './page-source.ts'
import type { DataDir } from './volumes.ts'

export interface MemberSources {
  db: RemoteFile
  /** Oldest first. */
  wal: { name: string; source: RemoteFile }[]
  /** Of all of these files so far. */
  bytesRead(): number
}

const WAL = 'member/wal/'

/** The database and the WAL of a data directory on a node, read in pieces. Undefined where there is no database. */
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
  if (!db) return undefined
  const wal = dir.files.filter(({ path }) => path.startsWith(WAL) && path.endsWith('.wal'))
  return {
    db: open(db),
    // the names sort as the numbers do
    wal: wal.map((file) => ({ name: file.path.slice(WAL.length), source: open(file) })),
    bytesRead: () => bytesRead,
  }
}
