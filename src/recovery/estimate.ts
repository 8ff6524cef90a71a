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
  outageMostSeconds: number
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
/** 2 s were said of small clusters, and 2.9 to 15.7 s seen on machines with other work. */
const slowRestart = (seconds: number) => 10 + 3 * seconds
/** The slowest that a restore by etcd-manager is waited for. */
const SLOWEST_KEYS_PER_SECOND = 350
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
  const look = LEADER_LOOPS * loopSeconds
  const put = records / KEYS_PER_SECOND
  // the members that were not restarted may serve until the leader looks at the command
  const away = [RESTART_SECONDS + put, look + slowRestart(RESTART_SECONDS) + records / SLOWEST_KEYS_PER_SECOND] as const
  const inPlace = [restart, slowRestart(restart)] as const
  const restore = look + put + of('firstBackup')
  switch (method) {
    case 'return-in-place':
      return total(inPlace, restart + members * (fetch + of('open')) + of('copyAside', 'verify'))
    case 'seed-in-place':
      return total(inPlace, restart + 2 * fetch + of('open', 'seed', 'verify'))
    case 'rebuild-from-trashcan':
      return total(away, restore + fetch + of('open', 'publish', 'trial', 'verify') + AFTERWARDS_SECONDS)
    case 'restore-backup':
      return total(away, restore + of('trial', 'verify') + AFTERWARDS_SECONDS)
  }
}

const total = ([least, most]: readonly [number, number], work: number): Estimate => ({
  seconds: Math.round(FIXED_SECONDS + work),
  outageSeconds: Math.round(least),
  outageMostSeconds: Math.round(most),
})
