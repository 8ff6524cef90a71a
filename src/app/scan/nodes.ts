import { NO_FILE } from '../../bolt/index.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'
import type { Target } from '../../ports/target.ts'
import { inside } from '../../steps/support/copies.ts'
import { askAll, type Look, lookOn, type SearchOfAll } from '../../steps/support/look.ts'
import { clusterOf, servingOf } from '../../steps/support/runs-now.ts'
import { volumesOf } from '../../steps/support/volumes.ts'
import { toInspectValue } from '../inspect-value.ts'
import type { Found } from './found.ts'

/** The copies on all control-plane nodes, asked together, and what was not seen of them. */
export function foundOnNodes(
  hosts: readonly RemoteHost[],
  target: Target,
  { note, signal }: { note(line: string): void; signal: AbortSignal },
): Promise<SearchOfAll<Found>> {
  const look = async (host: RemoteHost) => {
    const { found, unsearched } = await lookOn(host, volumesOf(target, host), { signal })
    return { found: found.map((seen) => toFound(seen, target.cluster)), unsearched }
  }
  return askAll(hosts, look, { note, asked: () => {} })
}

function toFound(look: Look, cluster: string): Found {
  const { host, dir, named, peek, sources, findings } = look
  const serving = servingOf(look)
  const id = `${host.name}:${dir.token}`
  const db = sources?.db ?? NO_FILE
  const opened = {
    ...{ label: id, node: host.name, path: dir.path, token: dir.token, findings, db },
    kind: 'member' as const,
    wal: sources?.wal ?? [],
    snap: sources?.snap ?? [],
    bytesRead: () => sources?.bytesRead() ?? 0,
  }
  const facts = peek ? inside(peek, cluster) : {}
  const value = toInspectValue(opened, peek)
  return {
    ...facts,
    ...{ id, ...serving, named, token: dir.token, findings },
    value: {
      ...value,
      etcdCluster: clusterOf(look),
      place: dir.place,
      ...serving,
      named,
      at: dir.changedAt.toISOString(),
      ...(facts.recordsKept === undefined ? {} : { records: facts.recordsKept }),
      ...(facts.keysKept === undefined ? {} : { keysKept: facts.keysKept }),
    },
  }
}
