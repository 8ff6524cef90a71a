import type { DbInspection } from '../bolt/index.ts'
import type { FullInspection, NewestLine } from '../ui/inspect.ts'
import { splitKind } from './kind-namer.ts'

const LEASES_LISTED = 100

/** What `inspect --full` tells beyond a look: plain values, keys as text, no values. */
export function toFull(full: DbInspection): FullInspection {
  const { revisions, tombstones, liveBytes, bytes, compactRevision, leases, auth, alarms, sha256 } = full
  return {
    revisions,
    tombstones,
    liveBytes,
    historyBytes: bytes - liveBytes,
    compactRevision,
    kinds: Object.entries(full.kinds).map(([name, tally]) => ({ ...splitKind(name), ...tally })),
    newest: full.newest.map(toNewest),
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

function toNewest({ key, modRevision, version, deleted }: DbInspection['newest'][number]): NewestLine {
  return { key: key.toString('utf8'), revision: modRevision, version, deleted }
}
