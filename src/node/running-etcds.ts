import { RescueError } from '../errors/rescue-error.ts'
import type { RemoteHost } from '../ports/remote-host.ts'
import { type Seen, seen, unseen } from '../seen/index.ts'
import { splitNul } from './answers.ts'

/** An etcd that runs on a node, in whatever container. */
export interface RunningEtcd {
  pid: number
  /** Device and inode of the databases that it holds and of its data directory, as far as they could be seen. */
  inodes: string[]
  /** As it calls it itself: in etcd-manager's container `/rootfs/mnt/…`. */
  dataDir?: string
  /** Ports that its clients come to: of kOps' etcd clusters each has its own. */
  clientPorts: number[]
  /** Its open files could be seen. If not, it may hold any database. */
  isOpen: boolean
}

/**
 * Prints for each process that is an etcd, or that has locked a database as an etcd does, its number, whether its files can
 * be seen, the databases among them, its data directory and client URLs by its arguments or environment (etcd-manager gives
 * the latter), and that directory's inode, seen through its own root: every path in a container may be another one outside.
 */
const RUNS =
  '[ -r /proc/1/comm ] || { echo "the processes of others cannot be seen" >&2; exit 44; }; f() { printf "%s\\0" "$@"; }; ' +
  'args() { { tr "\\0" "\\n" <"$1/cmdline"; tr "\\0" "\\n" <"$1/environ"; } 2>/dev/null | head -c 65536; }; ' +
  'arg() { printf "%s\\n" "$a" | sed -n "s/^-\\{1,2\\}$1=//p; s/^$2=//p; /^-\\{1,2\\}$1\\$/{n;p;}" | head -n 1; }; ' +
  'all=$(while read -r _ k _ m p _; do [ "$k $m" = "FLOCK WRITE" ] && echo "$p"; done </proc/locks 2>/dev/null; ' +
  'cd /proc; for d in [0-9]*; do read -r c 2>/dev/null <"$d/comm" && [ "$c" = etcd ] && echo "$d"; done; :); ' +
  'for p in $(printf "%s\\n" "$all" | sort -nu); do d=/proc/$p; c=; read -r c 2>/dev/null <"$d/comm" || continue; ' +
  'o=no; ls "$d/fd" >/dev/null 2>&1 && o=yes; ' +
  'i=$(find "$d/fd" -lname "*/member/snap/db*" -exec stat -L -c %d:%i -- {} \\; 2>/dev/null | tr "\\n" " "); ' +
  '[ "$c" = etcd ] || [ -n "$i" ] || continue; a=$(args "$d"); dir=$(arg data-dir ETCD_DATA_DIR); ' +
  'case $dir in /*) r=$d/root$dir;; *) r=$d/cwd/$dir;; esac; [ -z "$dir" ] || i="$i $(stat -L -c %d:%i -- "$r" 2>/dev/null)"; ' +
  'u=$(arg listen-client-urls ETCD_LISTEN_CLIENT_URLS); [ -d "$d" ] && f "$p" "$o" "$i" "$dir" "$u"; done; f end'
const FIELDS = 5
const TIMEOUT_MS = 20_000
const MAX_BYTES = 4 << 20
const OF_THE_ANSWER: readonly string[] = ['HOST_COMMAND', 'HOST_OUTPUT']

/** The etcds that really run on a node. None is an answer as well; where it could not be told, they are `unseen`. */
export async function runningEtcds(host: RemoteHost): Promise<Seen<RunningEtcd[]>> {
  try {
    const argv = ['sh', '-c', RUNS] as const
    const { stdout } = await host.run({ effect: 'read', argv, timeoutMs: TIMEOUT_MS, maxOutputBytes: MAX_BYTES })
    const fields = splitNul(stdout)
    if (fields.at(-1) !== 'end' || fields.length % FIELDS !== 1)
      return unseen('the list of its processes makes no sense')
    return seen(Array.from({ length: (fields.length - 1) / FIELDS }, (_, at) => toEtcd(fields.slice(at * FIELDS))))
  } catch (error) {
    if (!(error instanceof RescueError) || !OF_THE_ANSWER.includes(error.code)) throw error
    return unseen(error.message)
  }
}

function toEtcd([pid = '', isOpen = '', inodes = '', dataDir = '', urls = '']: string[]): RunningEtcd {
  return {
    pid: Number(pid),
    isOpen: isOpen === 'yes',
    inodes: inodes.split(' ').filter((one) => /^\d+:\d+$/.test(one)),
    clientPorts: [...urls.matchAll(/:(\d{1,5})(?:[/,]|$)/g)].map(([, port]) => Number(port)),
    ...(dataDir === '' ? {} : { dataDir }),
  }
}

/** Whether an etcd runs on a directory, of which the token's name and the inodes are given. `unseen`: it may. */
export function runsOn(
  running: Seen<RunningEtcd[]>,
  { token, inodes }: { token: string; inodes: readonly string[] },
): Seen<RunningEtcd> {
  if (running.is !== 'seen') return running
  const own = running.value.find((one) => one.inodes.some((inode) => inodes.includes(inode)))
  if (own !== undefined) return seen(own)
  // etcd-manager calls the directory by the token, wherever the volume is mounted in its container
  const isPerhaps = ({ isOpen, dataDir }: RunningEtcd) =>
    !isOpen && (dataDir === undefined || dataDir.endsWith(`/data/${token}`))
  const hidden = running.value.find(isPerhaps)
  return hidden === undefined ? { is: 'absent' } : unseen(`the files of the etcd with pid ${hidden.pid} cannot be seen`)
}
