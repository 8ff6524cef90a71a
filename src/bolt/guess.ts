import type { EtcdMember } from './etcd-meta.ts'

export type EtcdClusterName = 'main' | 'events' | 'cilium' | 'leases' | 'unknown'

/** kOps' peer ports of each etcd cluster (FACTS 6; cilium and leases count on). */
const byPort: Record<string, EtcdClusterName> = { '2380': 'main', '2381': 'events', '2382': 'cilium', '2383': 'leases' }
const byPrefix: [prefix: string, EtcdClusterName][] = [
  ['/registry/events/', 'events'],
  ['/registry/leases/', 'leases'],
  ['cilium/', 'cilium'],
]

/** Which etcd cluster a database belongs to, told by what is inside: names of members, then peer ports, then keys. */
export function guessCluster(members: readonly EtcdMember[], keys: readonly Buffer[]): EtcdClusterName {
  const byName = agreed(members.map(({ name }) => nameOf(name)))
  const byPeerPort = agreed(members.flatMap(({ peerUrls }) => peerUrls.map(portOf)))
  return byName ?? byPeerPort ?? byKeys(keys) ?? 'unknown'
}

/** kOps names members `etcd-a`, `etcd-events-a`; newer ones `main-…`, `events-…`. */
function nameOf(name: string): EtcdClusterName | undefined {
  return /(?:^|-)(main|events|cilium|leases)(?:-|$)/.exec(name)?.[1] as EtcdClusterName | undefined
}

function portOf(url: string): EtcdClusterName | undefined {
  return byPort[/:(\d+)\/?$/.exec(url)?.[1] ?? '']
}

/** Nearly all keys of one kind tell; a main cluster holds many kinds, events among them where they are not apart. */
function byKeys(keys: readonly Buffer[]): EtcdClusterName | undefined {
  if (keys.length === 0) return undefined
  const texts = keys.map((key) => key.toString('latin1'))
  for (const [prefix, name] of byPrefix) {
    if (texts.filter((text) => text.startsWith(prefix)).length >= 0.9 * texts.length) return name
  }
  return texts.some((text) => text.startsWith('/registry/')) ? 'main' : undefined
}

/** The one answer that all who have one give. */
function agreed(answers: (EtcdClusterName | undefined)[]): EtcdClusterName | undefined {
  const different = new Set(answers.filter((answer) => answer !== undefined))
  return different.size === 1 ? [...different][0] : undefined
}

/** Counts sampled keys by where they live: `/registry/pods` 12, `cilium/state` 3. At most 20 kinds, most common first. */
export function countPrefixes(keys: readonly Buffer[]): Record<string, number> {
  const counts = new Map<string, number>()
  for (const key of keys) {
    const prefix = prefixOf(key.toString('utf8', 0, 200))
    counts.set(prefix, (counts.get(prefix) ?? 0) + 1)
  }
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a).slice(0, 20))
}

function prefixOf(key: string): string {
  return /^\/?[^/]*(?:\/[^/]*(?=\/))?/.exec(key)?.[0] || key
}
