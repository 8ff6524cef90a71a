import type { RemoteHost } from '../../ports/remote-host.ts'
import type { Target } from '../../ports/target.ts'
import { inside } from '../../steps/support/copies.ts'
import { askAll, type Look, lookOn } from '../../steps/support/look.ts'
import { volumesOf } from '../../steps/support/volumes.ts'
import { toInspectValue } from '../inspect-value.ts'
import type { Found } from './found.ts'

/** The copies on all control-plane nodes, asked at once. */
export function foundOnNodes(
  hosts: readonly RemoteHost[],
  target: Target,
  { note, signal }: { note(line: string): void; signal: AbortSignal },
): Promise<Found[]> {
  const look = async (host: RemoteHost) =>
    (await lookOn(host, volumesOf(target, host), signal)).map((seen) => toFound(seen, target.cluster))
  return askAll(hosts, look, { note, asked: () => {} })
}

function toFound(look: Look, cluster: string): Found {
  const { host, dir, serving, peek, sources, findings } = look
  const id = `${host.name}:${dir.token}`
  const db = sources?.db ?? { size: 0, read: async () => Buffer.alloc(0) }
  const opened = {
    ...{ label: id, node: host.name, path: dir.path, token: dir.token, findings, db },
    kind: 'member' as const,
    wal: sources?.wal ?? [],
    bytesRead: () => sources?.bytesRead() ?? 0,
  }
  const facts = peek ? inside(peek, cluster) : {}
  const value = toInspectValue(opened, peek)
  return {
    ...facts,
    ...{ id, serving, token: dir.token, findings },
    value: {
      ...value,
      place: dir.place,
      serving,
      at: dir.changedAt.toISOString(),
      ...(facts.recordsKept === undefined ? {} : { records: facts.recordsKept }),
    },
  }
}
