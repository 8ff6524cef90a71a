import { type MemberPeek, peekMember } from '../../bolt/index.ts'
import { RescueError, toRescueError } from '../../errors/rescue-error.ts'
import type { ErrorCode } from '../../errors/table.ts'
import { type MemberSources, memberSources } from '../../node/member-sources.ts'
import { type DataDir, findVolumes, listDataDirs, readStateToken } from '../../node/volumes.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'

/** A data directory on a node, and what a few pages of it tell. */
export interface Look {
  host: RemoteHost
  dir: DataDir
  /** The directory that the node's etcd-manager runs now, by its `state` file. */
  serving: boolean
  /** Absent when it could not be read; `findings` say why. */
  peek?: MemberPeek
  sources?: MemberSources
  findings: string[]
}

/** Every copy on one node: all volumes, `data/` and `data-trashcan/`, told apart by what is inside (FACTS 2). */
export async function lookOn(host: RemoteHost, globs: string[], signal?: AbortSignal): Promise<Look[]> {
  const bases = await findVolumes(host, globs)
  const found = await Promise.all(
    bases.map(async (base) => {
      const token = await readStateToken(host, base)
      const dirs = await listDataDirs(host, base)
      const isServing = (dir: DataDir) => dir.place === 'data' && dir.token === token
      return Promise.all(dirs.map((dir) => lookInto(host, dir, isServing(dir), signal)))
    }),
  )
  return found.flat()
}

/** A database that cannot be read is a finding of that copy, not the end of the search for others. */
async function lookInto(host: RemoteHost, dir: DataDir, serving: boolean, signal?: AbortSignal): Promise<Look> {
  const sources = memberSources(host, dir, signal)
  if (!sources) return { host, dir, serving, findings: ['unusable: no member/snap/db'] }
  try {
    const peek = await peekMember(sources.db, sources.wal)
    const noLog = sources.wal.length === 0 ? ['no WAL: what was acknowledged last may be missing'] : []
    return { host, dir, serving, peek, sources, findings: [...peek.findings, ...noLog] }
  } catch (error) {
    return { host, dir, serving, sources, findings: [`unusable: ${toRescueError(error).message}`] }
  }
}

/**
 * A dead node must not hold up the others. One that is up and does not let us in may hold the only copy with the last
 * writes, and letting us in is the operator's to do; a changed host key must never be passed over.
 */
const TO_BE_MENDED: ReadonlySet<ErrorCode> = new Set([
  'HOST_KEY_CHANGED',
  'HOST_KEY_UNKNOWN',
  'HOST_AUTH',
  'HOST_SUDO',
  'ANSWER_MISSING',
  'STOPPED',
  'BUG',
])

/** What the nodes answer, all asked at once. One that is dead is noted; when all are, its error is thrown. */
export async function askAll<T>(
  hosts: readonly RemoteHost[],
  ask: (host: RemoteHost) => Promise<T[]>,
  { note, asked }: { note(line: string): void; asked(): void },
): Promise<T[]> {
  const answers = await Promise.all(
    hosts.map(async (host) => {
      try {
        return await ask(host)
      } catch (error) {
        const failed = toRescueError(error)
        if (TO_BE_MENDED.has(failed.code)) throw failed
        note(`${host.name} could not be searched: ${failed.message}`)
        return failed
      } finally {
        asked()
      }
    }),
  )
  const failed = answers.find((answer) => answer instanceof RescueError)
  if (failed && answers.every((answer) => answer instanceof RescueError)) throw failed
  return answers.flatMap((answer) => (answer instanceof RescueError ? [] : answer))
}
