import { inspectDb, type KvRecord, type MemberLog, type MemberPeek, peekMember, readMemberLog } from '../bolt/index.ts'
import { createKvDigest } from '../digest/index.ts'
import { EXIT } from '../errors/table.ts'
import { decodeObject } from '../kube/index.ts'
import type { InspectValue } from '../ui/inspect.ts'
import type { FullLook } from './inspect-full.ts'
import { toInspectValue } from './inspect-value.ts'
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
 * What is inside a copy. A few pages of it say who it is and how far it reaches; `full` reads and checks everything,
 * the log included. Exit code 40 when it cannot be restored as it is.
 */
export async function inspectSource(session: Session, options: InspectOptions): Promise<Outcome<InspectValue>> {
  try {
    const value = await withSource(session, options, async (opened, { signal }) => {
      const peek = await peekMember(opened.db, opened.wal, opened.snap)
      if (!options.full) return toInspectValue(opened, peek)
      // where there is no database, the log is all there is
      const full = peek.lost === undefined ? await inspectAll(session, opened, signal) : undefined
      const log = opened.kind === 'member' ? await readLog(session, opened, peek, signal) : undefined
      return toInspectValue(opened, peek, full, log)
    })
    const isRefused = value.findings.some(isFatal) || REFUSED.has(value.log?.state ?? '')
    return { value, exitCode: isRefused ? EXIT.wrongResult : EXIT.done }
  } finally {
    session.screen.end()
  }
}

const NEWEST = 20

/** Logs on which etcd does not start, or drops writes. */
const REFUSED = new Set(['damaged', 'gap', 'snapshot-ahead', 'behind-database'])

const isFatal = (finding: string) => finding.startsWith('unusable')

/** The whole log, from its first record, and every raft snapshot. */
function readLog(
  session: Session,
  { wal, snap }: OpenedSource,
  peek: MemberPeek,
  signal: AbortSignal,
): Promise<MemberLog> {
  const total = wal.reduce((sum, { source }) => sum + source.size, 0)
  const onProgress = (done: number) =>
    session.screen.listen({ type: 'progress', step: '', label: 'log read', done, total, unit: 'bytes' })
  return readMemberLog(peek, { wal, snap }, { signal, onProgress })
}

async function inspectAll(session: Session, { db, kind }: OpenedSource, signal: AbortSignal): Promise<FullLook> {
  const show = (done: number) =>
    session.screen.listen({ type: 'progress', step: '', label: 'read', done, total: db.size, unit: 'bytes' })
  const created = new Map<string, string>()
  let left = NEWEST
  const onLive = ({ key, value }: KvRecord) => {
    if (left-- <= 0) return
    const { createdAt } = decodeObject(value)
    if (createdAt !== undefined) created.set(key.toString('utf8'), createdAt)
  }
  const found = await inspectDb(db, {
    classify: kindNamer(),
    digest: createKvDigest(),
    newest: NEWEST,
    onLive,
    onProgress: show,
    signal,
    // it was compared while it was unpacked
    skipHash: kind === 'backup',
  })
  return { ...found, created }
}
