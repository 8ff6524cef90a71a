import { countPrefixes, guessCluster } from './guess.ts'
import type { NamedSource, WalFile } from './log-names.ts'
import { LogSample } from './log-sample.ts'
import type { MemberLog } from './log-state.ts'
import { readMemberLog } from './member-log.ts'
import { type DbPeek, namesOf } from './peek.ts'

/** A log of a young cluster is read whole where there is nothing else; more than this is not what a look reads. */
const MAX_BYTES = 32 * 1024 * 1024
/** Of the zeros behind the last record. */
const BEYOND_BYTES = 4096

/**
 * What the log says where there is no database: the whole of it is read when it begins at index 0 and is short. The zeros
 * behind `usedBytes` of its newest file are not.
 */
export async function peekLost(
  found: DbPeek,
  wal: readonly WalFile[],
  snap: readonly NamedSource[],
  usedBytes: number,
): Promise<{ log: MemberLog; told: Partial<DbPeek> } | undefined> {
  const files = wal.map((file, at) => (at === wal.length - 1 ? shortened(file, usedBytes + BEYOND_BYTES) : file))
  const bytes = files.reduce((sum, { source }) => sum + source.size, 0)
  if (wal[0]?.firstIndex !== 0 || bytes > MAX_BYTES) return undefined
  const sample = new LogSample()
  const log = await readMemberLog(found, { wal: files, snap }, { onEntry: (entry) => sample.take(entry) })
  const members = [...sample.members.values()]
  const { keys } = sample
  return {
    log,
    told: {
      ...(log.etcdVersion === undefined ? {} : { etcdVersion: log.etcdVersion }),
      members,
      guess: guessCluster(members, keys),
      keySample: { keys: namesOf(keys), prefixes: countPrefixes(keys) },
    },
  }
}

function shortened<T extends NamedSource>(file: T, bytes: number): T {
  const { source } = file
  return { ...file, source: { size: Math.min(source.size, bytes), read: (at, length) => source.read(at, length) } }
}
