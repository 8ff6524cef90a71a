import type { EtcdRelease } from '../ports/etcd.ts'

export interface LabOptions {
  /** Made when missing, 0700. Default: a fresh directory in the system's temporary one. */
  dir?: string
  /** Worker nodes; default 2. */
  workers?: number
  /** How many times faster than life: 10 makes etcd-manager's loop 1 s. Default 10. */
  speed?: number
  store?: 's3' | 'file'
  /** The etcd that the cluster runs. */
  release: EtcdRelease
  /** Further releases that its etcd-manager carries for restores. */
  otherReleases?: EtcdRelease[]
  /** API server doubles that write masterleases and leases, as real ones do. Default true. */
  apiserver?: boolean
  /** A second volume with the trashcan of another etcd cluster, to be told apart. Default true. */
  eventsDecoy?: boolean
  /** Seconds between two backups, already scaled. Default 60 / speed, at least 2; 15 in real time. */
  backupSeconds?: number
  /** A directory with the real `etcd-manager`, to run in place of the double. */
  etcdManagerBin?: string
  /** Where the tool finds its own etcd, for the configuration; default: not said there. */
  etcdBinDir?: string
  /** False: the double is an etcd-manager before v3.0.20260531, which never replaces a member by itself. Default true. */
  replacesEmptyDisks?: boolean
  /** Leave the directory behind at close. */
  keep?: boolean
  /** One line for each thing that happens. */
  note?: (line: string) => void
}

export interface LabSettings {
  workers: number
  speed: number
  store: 's3' | 'file'
  release: EtcdRelease
  /** Which etcd is at `/opt/etcd-v<version>`, by version. */
  releases: Record<string, EtcdRelease>
  apiserver: boolean
  eventsDecoy: boolean
  backupSeconds: number
  etcdManagerBin: string | undefined
  etcdBinDir: string | undefined
  replacesEmptyDisks: boolean
  keep: boolean
  note: (line: string) => void
  /** etcd-manager's loop, in seconds. */
  loopSeconds: number
}

/** The real etcd-manager has a fixed loop of 10 s (FACTS 1), so with it time is not bent. */
export function settle(options: LabOptions): LabSettings {
  const speed = options.etcdManagerBin === undefined ? (options.speed ?? 10) : 1
  return {
    workers: options.workers ?? 2,
    speed,
    store: options.store ?? 's3',
    release: options.release,
    releases: carried([...(options.otherReleases ?? []), options.release]),
    apiserver: options.apiserver ?? true,
    eventsDecoy: options.eventsDecoy ?? true,
    backupSeconds: options.backupSeconds ?? (speed === 1 ? 15 : Math.max(2, 60 / speed)),
    etcdManagerBin: options.etcdManagerBin,
    etcdBinDir: options.etcdBinDir,
    replacesEmptyDisks: options.replacesEmptyDisks ?? true,
    keep: options.keep ?? false,
    note: options.note ?? (() => {}),
    loopSeconds: 10 / speed,
  }
}

/** The release whose restores the sandbox plays; its table is the same up to v3.0.20260707 (FACTS 4). */
export const PLAYED_RELEASE = 'v3.0.20260512'

/** The etcd that it restores a minor version with; one that it does not know is restored with the backup's own (FACTS 4). */
export const RESTORES_WITH: Readonly<Record<string, string>> = { '3.4': '3.4.13', '3.5': '3.5.30', '3.6': '3.6.11' }

/** As kOps does: the newest of a minor version stands in under the name of every other that may be wanted of it. */
function carried(releases: readonly EtcdRelease[]): Record<string, EtcdRelease> {
  const standIns = releases.flatMap((release) => {
    const version = RESTORES_WITH[release.minor]
    return version === undefined ? [] : [[version, release] as const]
  })
  return Object.fromEntries([...standIns, ...releases.map((release) => [release.version, release] as const)])
}
