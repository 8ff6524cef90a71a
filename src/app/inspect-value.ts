import type { MemberLog, MemberPeek } from '../bolt/index.ts'
import type { InspectValue, LogLine } from '../ui/inspect.ts'
import { type FullLook, toFull } from './inspect-full.ts'
import type { OpenedSource } from './sources/index.ts'

/** One value for `inspect` and, without `full`, for each copy of `scan`. */
export function toInspectValue(
  opened: OpenedSource,
  peek: MemberPeek | undefined,
  full?: FullLook,
  log?: MemberLog,
): InspectValue {
  const { label, kind, node, path, token, db, wal } = opened
  const { self, revision, walWrites, members = [], findings: seen = [] } = peek ?? {}
  const walRevision = revision === undefined ? undefined : revision + (walWrites ?? 0)
  // the whole log says it better than its end
  const ofPeek = log ? seen.filter((finding) => finding !== peek?.log.why) : seen
  const findings = [...new Set([...opened.findings, ...ofPeek, ...(full?.findings ?? []), ...(log?.findings ?? [])])]
  return present<InspectValue>({
    ...{ source: label, kind, node, path, token },
    etcdCluster: peek?.guess ?? 'unknown',
    clusterId: peek?.clusterId,
    member: self?.name,
    memberId: peek?.memberId,
    peerUrls: self?.peerUrls,
    members: members.map(({ id, name, peerUrls }) => ({ id, name, peerUrls })),
    etcdVersion: opened.etcdVersion ?? peek?.etcdVersion,
    revision: full?.revision ?? revision,
    ...{ walRevision, walWrites, walWritesExact: peek?.walWritesExact },
    walIndex: peek?.walIndex,
    walTerm: peek?.walTerm,
    consistentIndex: peek?.consistentIndex,
    term: peek?.term,
    sizeBytes: db.size,
    sizeInUseBytes: full?.sizeInUseBytes ?? peek?.sizeInUseBytes,
    ...{ log: kind === 'member' ? (log ? toLogLine(log) : peek?.log) : undefined, alarms: peek?.alarms },
    ...{ authEnabled: peek?.authEnabled, learners: peek?.learners },
    walBytes: wal.reduce((sum, { source }) => sum + source.size, 0),
    sampled: peek?.keySample.prefixes ?? {},
    ...(full ? { keys: full.keys, digest: full.digest, full: toFull(full) } : {}),
    bytesRead: opened.bytesRead(),
    findings,
  })
}

function toLogLine(log: MemberLog): LogLine {
  const { state, readFrom, why, usableTo, firstIndex, lastIndex, lastTerm, commit, startsAt, rebuildsTo, setAside } =
    log
  return present<LogLine>({
    ...{ state, readFrom, why, usableTo, firstIndex, lastIndex, lastTerm, commit, startsAt, rebuildsTo },
    setAside: setAside.length > 0 ? setAside : undefined,
  })
}

type Loose<T> = { [K in keyof T]: T[K] | undefined }

/** Without the fields that are not known, as JSON would have them. */
function present<T extends object>(fields: Loose<T>): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T
}
