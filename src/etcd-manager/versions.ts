import { FIRST_WITH_ETCDUTL, READ_RELEASES, restoreRule } from './restore-table.ts'

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
  /** The image tag of the etcd-manager that runs, like `v3.0.20260707`; absent when it could not be read. */
  managerVersion?: string | undefined
  /** Versions whose etcd is in the container's `/opt/etcd-v<version>`; empty or absent when they could not be read. */
  etcdVersionsOnNode?: readonly string[] | undefined
  /** Versions of which there is a directory, and whether an etcd is in it could not be told. */
  etcdVersionsUnsure?: readonly string[] | undefined
  /** `etcdVersion` of the backup's meta. */
  metaEtcdVersion: string
}

export type RestoreAnswer =
  | { verdict: 'yes'; restoredWith: string }
  /** Not known: `why` is for the operator, who decides. `restoredWith` where that much is known. */
  | { verdict: 'doubt'; why: string; restoredWith?: string }
  | { verdict: 'no'; why: string; hint: string }

const IN_PLACE =
  'where a node still has a copy, restore it without this: etcd-rescue recover --method seed-in-place; or choose another backup: etcd-rescue backup list'

/**
 * Can this etcd-manager restore a backup with this meta? A wrong "yes" costs the running cluster: it is trashed before
 * etcd-manager looks for the binaries, and then it loops (FACTS 4). So what is not known is a doubt and never a yes.
 */
export function judgeRestore(question: RestoreQuestion): RestoreAnswer {
  const { managerVersion, etcdVersionsOnNode: installed = [], metaEtcdVersion } = question
  const meta = parseVersion(metaEtcdVersion)
  if (!meta) return no(`the backup's etcd version ${JSON.stringify(metaEtcdVersion.slice(0, 40))} is no version`)
  if (meta.major !== 3) return no(`etcd ${metaEtcdVersion} cannot be restored by etcd-manager`)
  const rule = restoreRule(managerVersion, meta)
  if (rule.kind === 'cannot') return tooOld(metaEtcdVersion, managerVersion)
  if (rule.kind === 'unknown') return unread(question, installed)
  const { version } = rule
  if (installed.includes(version)) return { verdict: 'yes', restoredWith: version }
  if (installed.length === 0 || question.etcdVersionsUnsure?.includes(version))
    return {
      verdict: 'doubt',
      why: `it restores the backup with etcd ${version}, and whether its container carries that could not be read`,
      restoredWith: version,
    }
  return notInstalled(metaEtcdVersion, `not etcd ${version}, the one with which it restores that`, installed)
}

/** Whatever such a release does, it needs an etcd of the backup's minor version. */
function unread(question: RestoreQuestion, installed: readonly string[]): RestoreAnswer {
  const { metaEtcdVersion, managerVersion, etcdVersionsUnsure: unsure = [] } = question
  const minor = minorOf(metaEtcdVersion)
  if (installed.length > 0 && ![...installed, ...unsure].some((version) => minorOf(version) === minor))
    return notInstalled(metaEtcdVersion, `no etcd ${minor}`, installed)
  const which = managerVersion === undefined ? 'its release could not be read' : `its release is ${tag(managerVersion)}`
  const [first, last] = [READ_RELEASES[0], READ_RELEASES.at(-1)]
  const known = `known are the ${READ_RELEASES.length} releases from ${first} to ${last}`
  return {
    verdict: 'doubt',
    why: `${which}, so with which etcd it restores one of ${metaEtcdVersion} is not known (${known})`,
  }
}

const tag = (version: string) => JSON.stringify(version.slice(0, 60))

function no(why: string): RestoreAnswer {
  return { verdict: 'no', why, hint: IN_PLACE }
}

function tooOld(metaEtcdVersion: string, managerVersion = ''): RestoreAnswer {
  return {
    verdict: 'no',
    why: `etcd-manager ${managerVersion} cannot restore etcd ${metaEtcdVersion}: that needs ${FIRST_WITH_ETCDUTL} or later`,
    hint: `upgrade etcd-manager on the control plane first; or, ${IN_PLACE}`,
  }
}

function notInstalled(metaEtcdVersion: string, what: string, installed: readonly string[]): RestoreAnswer {
  const has = installed.length > 12 ? [...installed.slice(0, 11), `${installed.length - 11} more`] : installed
  return {
    verdict: 'no',
    why: `the backup was made by etcd ${metaEtcdVersion}, and etcd-manager's container has ${what} (it has ${has.join(', ')})`,
    hint: `${IN_PLACE}; a custom etcd image, or an etcd-manager image newer than kOps, lacks versions that etcd-manager restores with`,
  }
}
