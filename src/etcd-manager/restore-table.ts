/** `MAJOR.MINOR.PATCH` of etcd. */
interface Version {
  minor: number
  patch: number
}

/**
 * The releases of etcd-manager whose source was read at their tag (kubernetes-sigs/etcd-manager: `EtcdVersionForRestore` in
 * pkg/etcdversions/mappings.go, `RestoreV3Snapshot` and `BindirForEtcdVersion` in pkg/etcd/etcdprocess.go), and which of the
 * two tables each has. What is not here was not read: it may restore otherwise.
 */
const READ: Readonly<Record<string, 'to-3.5' | 'to-3.6'>> = {
  'v3.0.20241011': 'to-3.5',
  'v3.0.20241012': 'to-3.5',
  'v3.0.20250628': 'to-3.5',
  'v3.0.20250629': 'to-3.5',
  'v3.0.20250704': 'to-3.5',
  'v3.0.20250803': 'to-3.5',
  'v3.0.20250917': 'to-3.5',
  'v3.0.20260227': 'to-3.5',
  'v3.0.20260512': 'to-3.6',
  'v3.0.20260531': 'to-3.6',
  'v3.0.20260608': 'to-3.6',
  'v3.0.20260707': 'to-3.6',
}

/** Below this every release has the same. The second table came with `etcdutl`, without which no 3.6 is restored. */
const NEWEST = { 'to-3.5': { 5: '3.5.7' }, 'to-3.6': { 5: '3.5.30', 6: '3.6.11' } } as const

export const READ_RELEASES = Object.keys(READ)
/** The first release that calls `etcdutl snapshot restore`: before, it called `etcdctl`, which from 3.6 on has none (FACTS 4). */
export const FIRST_WITH_ETCDUTL = 'v3.0.20260512'

/** What a release does with a backup. */
export type RestoreRule =
  /** It restores with exactly this etcd, which must be at `/opt/etcd-v<version>`. */
  | { kind: 'with'; version: string }
  /** It calls a program that this etcd does not have. */
  | { kind: 'cannot' }
  /** The release was not read. */
  | { kind: 'unknown' }

/**
 * The etcd with which a release of etcd-manager restores a backup of 3.x whose meta names this version (FACTS 4): one fixed
 * version for a minor that it knows, the meta's own for one that it does not.
 */
export function restoreRule(release: string | undefined, meta: Version): RestoreRule {
  const table = READ[release ?? '']
  if (meta.minor >= 6 && isBefore(release)) return { kind: 'cannot' }
  if (table === undefined) return { kind: 'unknown' }
  const newest: Readonly<Record<number, string>> = NEWEST[table]
  return { kind: 'with', version: older(meta) ?? newest[meta.minor] ?? `3.${meta.minor}.${meta.patch}` }
}

/** Releases are named by their day: also one that was not read has no `etcdutl` when it is older than the first. */
function isBefore(release = ''): boolean {
  return /^v3\.0\.\d{8}\b/.test(release) && release.slice(0, FIRST_WITH_ETCDUTL.length) < FIRST_WITH_ETCDUTL
}

/** The families that are no longer changed. */
function older({ minor, patch }: Version): string | undefined {
  if (minor < 2) return '3.1.12'
  if (minor === 2) return patch <= 18 ? '3.2.18' : '3.2.24'
  if (minor === 3) return patch <= 10 ? '3.3.10' : patch <= 13 ? '3.3.13' : '3.3.17'
  if (minor === 4) return patch <= 3 ? '3.4.3' : '3.4.13'
  return undefined
}
