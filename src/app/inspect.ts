import { type DbInspection, inspectDb, type MemberPeek, type PageSource, peekMember } from '../bolt/index.ts'
import { createKvDigest } from '../digest/index.ts'
import { EXIT } from '../errors/table.ts'
import type { InspectValue } from '../ui/inspect.ts'
import { toFull } from './inspect-full.ts'
import { kindNamer } from './kind-namer.ts'
import type { Outcome } from './result.ts'
import type { Session } from './session.ts'
import { type OpenedSource, withSource } from './sources/index.ts'

export type { InspectValue } from '../ui/inspect.ts'

interface InspectOptions {
  source: string
  etcdCluster: string
  /** Read everything, not a few pages. */
  full: boolean
}

/**
 * What is inside a copy. A few pages of it say who it is and how far it reaches; `full` reads and checks everything.
 * Exit code 40 when it cannot be restored as it is.
 */
export async function inspectSource(session: Session, options: InspectOptions): Promise<Outcome<InspectValue>> {
  try {
    const value = await withSource(session, options, async (opened, { signal }) => {
      const peek = await peekMember(opened.db, opened.wal)
      const full = options.full ? await inspectAll(session, opened, signal) : undefined
      return toInspectValue(opened, peek, full)
    })
    return { value, exitCode: value.findings.some(isFatal) ? EXIT.wrongResult : EXIT.done }
  } finally {
    session.screen.end()
  }
}

const isFatal = (finding: string) => finding.startsWith('unusable')

async function inspectAll(session: Session, { db, kind }: OpenedSource, signal: AbortSignal): Promise<DbInspection> {
  const show = (done: number) =>
    session.screen.listen({ type: 'progress', step: '', label: 'read', done, total: db.size, unit: 'bytes' })
  return inspectDb(db, {
    classify: kindNamer(),
    digest: createKvDigest(),
    onProgress: show,
    signal,
    // it was compared while it was unpacked
    skipHash: kind === 'backup',
  })
}

/** One value for `inspect` and, without `full`, for each copy of `scan`. */
export function toInspectValue(opened: OpenedSource, peek: MemberPeek, full?: DbInspection): InspectValue {
  const { label, kind, node, path, token, db, wal } = opened
  const { members, findings: seen, guess, keySample, etcdVersion, self, revision, walWrites } = peek
  const walRevision = revision === undefined ? undefined : revision + (walWrites ?? 0)
  const findings = [...new Set([...opened.findings, ...seen, ...(full?.findings ?? [])])]
  return present<InspectValue>({
    ...{ source: label, kind, node, path, token },
    etcdCluster: guess,
    clusterId: peek.clusterId,
    member: self?.name,
    memberId: peek.memberId,
    peerUrls: self?.peerUrls,
    members: members.map(({ id, name, peerUrls }) => ({ id, name, peerUrls })),
    etcdVersion: opened.etcdVersion ?? etcdVersion,
    revision: full?.revision ?? revision,
    ...{ walRevision, walWrites, walWritesExact: peek.walWritesExact },
    walIndex: peek.walIndex,
    walTerm: peek.walTerm,
    consistentIndex: peek.consistentIndex,
    term: peek.term,
    sizeBytes: db.size,
    sizeInUseBytes: full?.sizeInUseBytes ?? peek.sizeInUseBytes,
    walBytes: wal.reduce((sum, { source }) => sum + (source as PageSource).size, 0),
    sampled: keySample.prefixes,
    ...(full ? { keys: full.keys, digest: full.digest, full: toFull(full) } : {}),
    bytesRead: opened.bytesRead(),
    findings,
  })
}

type Loose<T> = { [K in keyof T]: T[K] | undefined }

/** Without the fields that are not known, as JSON would have them. */
function present<T extends object>(fields: Loose<T>): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T
}
