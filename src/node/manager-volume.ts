import type { RemoteHost } from '../ports/remote-host.ts'
import { pathOn } from '../ports/remote-host.ts'
import { type Seen, seen, unseen } from '../seen/index.ts'
import { splitNul } from './answers.ts'
import { mustBeAbsolute } from './find.ts'

const NO_LOG = 44
/**
 * etcd-manager's own words: at its start, of the volume that it mounted (kubernetes-sigs/etcd-manager at 08036ab,
 * cmd/etcd-manager/main.go), and at each start of an etcd. The last megabytes are enough for one of the two. It says the
 * same of the etcd that reads a backup, in /tmp: `/tmp/restore-etcd-1/data; pid=7`.
 */
const LAST_USED =
  '[ -f "$1" ] || exit 44; LC_ALL=C; export LC_ALL; tail -c 33554432 -- "$1" | ' +
  'grep -a -o -E -e "etcd with datadir /[^[:space:]]+/data/[^/[:space:];]+" -e "Setting data dir to /[^[:space:]]+" | ' +
  'grep -a -v -F "datadir /tmp/restore-etcd-" | tail -n 1 | head -c 4096'
const USED = /etcd with datadir (\/\S+?)\/data\/[^/\s;]+|Setting data dir to (\/\S+)/

/**
 * The base directory that etcd-manager last said it uses, by its log, as the node calls it. Absent: no log, or no such
 * word in it. etcd-manager sees the node's root at `/rootfs`.
 */
export async function lastUsedBy(host: RemoteHost, log: string): Promise<Seen<string>> {
  mustBeAbsolute(host, log)
  const argv = ['sh', '-c', LAST_USED, 'sh', log] as const
  const { code, stdout } = await host.run({ effect: 'read', argv, okCodes: [0, NO_LOG] })
  const [, ofEtcd, ofItself] = USED.exec(stdout) ?? []
  const path = ofEtcd ?? ofItself?.replace(/(?<=.)\/+$/, '')
  if (code === NO_LOG || path === undefined) return { is: 'absent' }
  return seen(path.replace(/^\/rootfs(?=\/)/, ''))
}

const MOUNTED =
  'r=$(stat -L -c %d -- "$2") && m=$(cat -- "/proc/$1/mountinfo") || exit 44; shift 2; ' +
  'for b do d=$(stat -L -c %d -- "$b") || exit 44; ' +
  'n=$(( (d >> 8 & 4095) | (d >> 32 & ~4095) )):$(( (d & 255) | (d >> 12 & ~255) )); ' +
  'k=$(printf "%s\\n" "$m" | while read -r _ _ o _; do [ "$o" != "$n" ] || { echo yes; break; }; done); ' +
  '[ "$d" != "$r" ] || k=root; printf "%s\\0" "$k"; done'

/** How base directories stand to what a process has mounted. */
export interface Mounted {
  /** On a disk that it has mounted. */
  mounted: string[]
  /** On the node's root disk, which every container has: nothing tells whether it uses them. */
  untold: string[]
}

/**
 * Which of these base directories are on a disk that the process of this number, etcd-manager's, has mounted: it mounts its
 * volume in its own container as well.
 */
export async function mountedBy(host: RemoteHost, pid: number, bases: readonly string[]): Promise<Seen<Mounted>> {
  for (const base of bases) mustBeAbsolute(host, base)
  const argv = ['sh', '-c', MOUNTED, 'sh', String(pid), pathOn(host, '/'), ...bases] as const
  const { code, stdout } = await host.run({ effect: 'read', argv, okCodes: [0, NO_LOG] })
  const kinds = splitNul(stdout)
  if (code === NO_LOG || kinds.length !== bases.length) return unseen(`the mounts of process ${pid} cannot be seen`)
  const of = (kind: string) => bases.filter((_, at) => kinds[at] === kind)
  return seen({ mounted: of('yes'), untold: of('root') })
}
