import type { DbInspection } from '../bolt/index.ts'
import type { FullInspection, NewestLine } from '../ui/inspect.ts'
import { splitKind } from './kind-namer.ts'

const LEASES_LISTED = 100

export interface FullLook extends DbInspection {
  /** When the newest objects were created, by the text of their key: RFC 3339, as they say themselves. */
  created: ReadonlyMap<string, string>
}

/** What `inspect --full` tells beyond a look: plain values, keys as text, no values. */
export function toFull(full: FullLook): FullInspection {
  const { revisions, tombstones, liveBytes, bytes, compactRevision, leases, auth, alarms, sha256 } = full
  return {
    revisions,
    tombstones,
    liveBytes,
    historyBytes: bytes - liveBytes,
    compactRevision,
    kinds: Object.entries(full.kinds).map(([name, tally]) => ({ ...splitKind(name), ...tally })),
    newest: full.newest.map((record) => toNewest(record, full.created)),
    largest: full.largest.map(({ key, bytes: size }) => ({ key: key.toString('utf8'), bytes: size })),
    leases: {
      count: leases.count,
      keys: full.keysWithLease,
      list: leases.list.slice(0, LEASES_LISTED).map(({ id, ttl }) => ({ id, ttlSeconds: ttl })),
    },
    auth,
    alarms,
    freeBytes: full.sizeBytes - full.sizeInUseBytes,
    sha256,
  }
}

function toNewest(record: DbInspection['newest'][number], created: FullLook['created']): NewestLine {
  const { modRevision, version, deleted } = record
  const key = record.key.toString('utf8')
  const createdAt = created.get(key)
  return { key, revision: modRevision, version, deleted, ...(createdAt === undefined ? {} : { createdAt }) }
}
