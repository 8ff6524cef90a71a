import type { Method } from './proposal.ts'

/** What a way has to move. */
export interface Size {
  dbBytes: number
  walBytes: number
  /** Records, for what is done key by key. */
  records: number
  /** Bytes a second from a node to this machine, as the search measured it. */
  bytesPerSecond?: number | undefined
  /** Members with their directory: to return, each of them is fetched and tried. */
  members?: number | undefined
  /** Of etcd-manager; 10, less in a drill. */
  loopSeconds?: number | undefined
}

export interface Estimate {
  seconds: number
  outageSeconds: number
}

/** Seconds for each GB on two cores, FACTS 7; `fixed` where a small cluster needs time as well. */
const PER_GB = {
  /** The member started with its WAL, and its pages checked. */
  open: 6,
  /** Snapshot, gzip and upload run together; gzip is the slowest. */
  publish: 13,
  /** Download, unpack, restore, start, every key digested. */
  trial: 14,
  /** A copy beside the original, on the node's own disk. */
  copyAside: 3,
  /** `snapshot restore` on the members at once. */
  seed: 5,
  /** Stop and start of all etcd-managers until the first linearizable read: 2 s at 5 MB, 19 s at 1 GB. */
  restart: 17,
  /** Every key and value compared. */
  verify: 7,
  firstBackup: 12,
} as const

/** ssh on loopback gives this (FACTS 7); a network is measured, and never faster. */
const FASTEST = 500e6
/** etcd-manager puts key by key, 750 to 1,000 a second (FACTS 4). */
const KEYS_PER_SECOND = 850
/** From the leader's restart to its look at the command: 37 s with a loop of 10 (FACTS 4). */
const LEADER_LOOPS = 3.7
const RESTART_SECONDS = 2
/** Looks, questions to nodes, small waits: of a run without data. */
const FIXED_SECONDS = 15
/** etcd-manager's next backup, and the restarts of API servers, control loop and kubelets. */
const AFTERWARDS_SECONDS = 60

/** About how long a way takes on this cluster, and how long etcd is away in that time. */
export function estimate(method: Method, size: Size): Estimate {
  const { dbBytes, walBytes, records, bytesPerSecond = FASTEST, members = 1, loopSeconds = 10 } = size
  const gb = dbBytes / 1e9
  const of = (...parts: (keyof typeof PER_GB)[]) => parts.reduce((sum, part) => sum + PER_GB[part] * gb, 0)
  const fetch = (dbBytes + walBytes) / Math.min(bytesPerSecond, FASTEST)
  const restart = RESTART_SECONDS + of('restart')
  const put = LEADER_LOOPS * loopSeconds + records / KEYS_PER_SECOND + of('firstBackup')
  switch (method) {
    case 'return-in-place':
      return total(restart, members * (fetch + of('open')) + of('copyAside', 'verify'))
    case 'seed-in-place':
      return total(restart, 2 * fetch + of('open', 'seed', 'verify'))
    case 'rebuild-from-trashcan':
      return total(put, fetch + of('open', 'publish', 'trial', 'verify') + AFTERWARDS_SECONDS)
    case 'restore-backup':
      return total(put, of('trial', 'verify') + AFTERWARDS_SECONDS)
  }
}

const total = (outage: number, rest: number): Estimate => ({
  seconds: Math.round(FIXED_SECONDS + outage + rest),
  outageSeconds: Math.round(outage),
})
