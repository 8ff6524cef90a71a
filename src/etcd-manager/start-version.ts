import { parseVersion } from './versions.ts'

export interface StartQuestion {
  /** The version of the cluster that wrote the data: major and minor count. Absent where the data do not say. */
  dataVersion?: string | undefined
  /** What the cluster spec wants. */
  specVersion: string
  /** What each node's etcd-manager carries; empty where it could not be read. */
  installed: readonly { node: string; versions: readonly string[] }[]
}

/** `doubts`: what was taken to be so since nothing told it, a sentence each. */
export type StartAnswer = { ok: true; version: string; doubts: string[] } | { ok: false; why: string }

/**
 * Which etcd the `state` is to name for data that are put in place. It must be the spec's: for any other etcd-manager
 * upgrades one step by itself, but for a downgrade or two steps it makes a backup, trashes everything and restores it key
 * by key. An etcd reads data of its own minor version and of the one before. Pure.
 */
export function startVersion({ dataVersion, specVersion, installed }: StartQuestion): StartAnswer {
  const spec = parseVersion(specVersion)
  if (!spec) return { ok: false, why: `the cluster spec wants etcd ${JSON.stringify(specVersion.slice(0, 40))}` }
  const without = installed.find(({ versions }) => versions.length > 0 && !versions.includes(specVersion))
  if (without) {
    const has = without.versions.slice(0, 12).join(', ')
    return { ok: false, why: `etcd-manager on ${without.node} does not carry etcd ${specVersion} (it has ${has})` }
  }
  const data = dataVersion === undefined ? spec : parseVersion(dataVersion)
  if (!data || data.major !== spec.major)
    return { ok: false, why: `the data were written by etcd ${dataVersion}, which etcd ${specVersion} does not read` }
  const steps = spec.minor - data.minor
  if (steps === 0 || steps === 1)
    return { ok: true, version: specVersion, doubts: doubtsIn({ dataVersion, specVersion, installed }) }
  const why = steps < 0 ? 'a newer etcd' : 'an etcd more than one minor version older'
  return {
    ok: false,
    why: `the data were written by etcd ${data.major}.${data.minor}, ${why} than the cluster spec's ${specVersion}`,
  }
}

function doubtsIn({ dataVersion, specVersion, installed }: StartQuestion): string[] {
  const unread = installed.filter(({ versions }) => versions.length === 0).map(({ node }) => node)
  return [
    ...(unread.length === 0
      ? []
      : [`which etcds etcd-manager carries on ${unread.join(', ')} could not be told; it has to have ${specVersion}`]),
    ...(dataVersion === undefined
      ? [`the data do not say which etcd wrote them; taken to be what the cluster spec wants, ${specVersion}`]
      : []),
  ]
}
