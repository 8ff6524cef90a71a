/** A version's parts. `undefined` for what is no `MAJOR.MINOR[.PATCH]`, with or without a leading `v`. */
export function parseVersion(version: string): { major: number; minor: number; patch: number } | undefined {
  const match = /^v?(\d{1,4})\.(\d{1,4})(?:\.(\d{1,9}))?(?:[-+].*)?$/.exec(version.trim())
  if (!match) return undefined
  return { major: Number(match[1]), minor: Number(match[2]), patch: Number(match[3] ?? 0) }
}

/** `3.5` of `3.5.30`; data directories, tools and restores belong together by it (FACTS 2). */
export function minorOf(version: string): `${number}.${number}` | undefined {
  const parsed = parseVersion(version)
  return parsed && `${parsed.major}.${parsed.minor}`
}

export interface RestoreQuestion {
  /** The image tag, like `v3.0.20260707`; absent when it could not be read. */
  managerVersion?: string | undefined
  /** Versions with a directory `/opt/etcd-v<version>` in the container; empty or absent when they could not be read. */
  etcdVersionsOnNode?: readonly string[] | undefined
  /** `etcdVersion` of the backup's meta. */
  metaEtcdVersion: string
}

export type RestoreAnswer =
  /** `doubt`: what could not be checked, for the operator's eyes. */
  { ok: true; restoredWith?: string; doubt?: string } | { ok: false; why: string; hint: string }

/** The first release that restores 3.6: before, it called `etcdctl snapshot restore`, which 3.6 lacks (FACTS 4). */
const FIRST_WITH_36 = 20260512
const OTHER_BACKUP = 'choose a backup of another etcd version, or restore in place: etcd-rescue runbooks list'

/**
 * Can this etcd-manager restore a backup with this meta? A wrong "yes" costs the running cluster: it is trashed before
 * etcd-manager looks for the binaries, and then it loops (FACTS 4).
 */
export function judgeRestore(question: RestoreQuestion): RestoreAnswer {
  const { managerVersion, etcdVersionsOnNode = [], metaEtcdVersion } = question
  const meta = parseVersion(metaEtcdVersion)
  if (!meta)
    return {
      ok: false,
      why: `the backup's etcd version ${JSON.stringify(metaEtcdVersion.slice(0, 40))} is no version`,
      hint: OTHER_BACKUP,
    }
  if (meta.major !== 3)
    return { ok: false, why: `etcd ${metaEtcdVersion} cannot be restored by etcd-manager`, hint: OTHER_BACKUP }
  const release = releaseDate(managerVersion)
  if (meta.minor >= 6 && release !== undefined && release < FIRST_WITH_36)
    return tooOld(metaEtcdVersion, managerVersion)
  if (etcdVersionsOnNode.length === 0)
    return { ok: true, doubt: 'the etcd versions in the container could not be read' }
  const answer = judgeInstalled(metaEtcdVersion, etcdVersionsOnNode, managerVersion)
  if (answer.ok && meta.minor >= 6 && release === undefined)
    return { ...answer, doubt: 'etcd 3.6 needs etcd-manager v3.0.20260512 or later' }
  return answer
}

/** `20260707` of `v3.0.20260707`; `undefined` for what is not a release (a digest, a drill's double). */
function releaseDate(managerVersion: string | undefined): number | undefined {
  const date = /^v?3\.0\.(\d{8})\b/.exec(managerVersion ?? '')?.[1]
  return date === undefined ? undefined : Number(date)
}

function judgeInstalled(metaEtcdVersion: string, installed: readonly string[], managerVersion?: string): RestoreAnswer {
  const exact = pinnedVersion(metaEtcdVersion)
  if (exact !== undefined && installed.includes(exact)) return { ok: true, restoredWith: exact }
  const newest = newestOf(minorOf(metaEtcdVersion), installed)
  if (newest === undefined) return notInstalled(metaEtcdVersion, `no etcd ${minorOf(metaEtcdVersion)}`, installed)
  if (exact === undefined) return { ok: true, restoredWith: newest }
  // A release of etcd-manager takes exactly the pinned one; only what is not a release may know better.
  const isRelease = managerVersion === undefined || releaseDate(managerVersion) !== undefined
  if (isRelease)
    return notInstalled(metaEtcdVersion, `not etcd ${exact}, the one etcd-manager restores it with`, installed)
  return { ok: true, restoredWith: newest, doubt: `etcd-manager releases restore it with ${exact}` }
}

/** Old families are restored with one fixed version; 3.5 and later with the newest that etcd-manager carries (FACTS 4). */
function pinnedVersion(metaEtcdVersion: string): string | undefined {
  const { minor, patch } = parseVersion(metaEtcdVersion) ?? { minor: 0, patch: 0 }
  if (minor === 4) return patch <= 3 ? '3.4.3' : '3.4.13'
  if (minor === 3) return patch <= 10 ? '3.3.10' : patch <= 13 ? '3.3.13' : '3.3.17'
  if (minor === 2) return patch <= 18 ? '3.2.18' : '3.2.24'
  return minor < 2 ? '3.1.12' : undefined
}

function newestOf(minor: string | undefined, versions: readonly string[]): string | undefined {
  const patch = (version: string) => parseVersion(version)?.patch ?? 0
  return versions
    .filter((version) => minorOf(version) === minor)
    .sort((a, b) => patch(a) - patch(b))
    .at(-1)
}

function tooOld(metaEtcdVersion: string, managerVersion = ''): RestoreAnswer {
  return {
    ok: false,
    why: `etcd-manager ${managerVersion} cannot restore etcd ${metaEtcdVersion}: that needs v3.0.20260512 or later`,
    hint: 'upgrade etcd-manager on the control plane first, or restore in place: etcd-rescue runbooks list',
  }
}

function notInstalled(metaEtcdVersion: string, what: string, installed: readonly string[]): RestoreAnswer {
  return {
    ok: false,
    why: `the backup was made by etcd ${metaEtcdVersion} and the container has ${what} (it has ${installed.slice(0, 12).join(', ')})`,
    hint: "a custom etcd image in the cluster spec drops etcd-manager's own versions; remove it, or restore in place: etcd-rescue runbooks list",
  }
}
