import { RescueError } from '../errors/rescue-error.ts'
import type { RemoteHost } from '../ports/remote-host.ts'
import { mustBeAbsolute } from './find.ts'
import { runSurely } from './sure.ts'

export interface MemberRestore {
  /** Absolute path of `etcdutl` or `etcdctl` on the node. */
  tool: string
  snapshot: string
  /** Made whole or not at all; must not exist. */
  dataDir: string
  name: string
  peerUrl: string
  /** `name=url` of all members. */
  initialCluster: readonly string[]
  token: string
  bumpRevision?: number
}

/** 10 GB on a slow disk. */
const TIMEOUT_MS = 30 * 60_000
/** What may stand in the comma and equals lists of etcd's flags. */
const NAME = /^\w[\w.-]{0,252}$/
const URL_ = /^https?:\/\/[\w.[\]:-]{1,300}\/?$/

/** A part directory that gets its name when the restore is through: a failed one leaves a half directory (FACTS 2). */
const RESTORE =
  'umask 077; d="$1"; shift; [ -d "$d" ] && exit 0; rm -rf -- "$d.part" || exit; mkdir -p -m 0700 -- "$(dirname -- "$d")" || exit; ' +
  'ETCDCTL_API=3 "$@" --data-dir="$d.part" || { c=$?; rm -rf -- "$d.part"; exit $c; }; ' +
  'chmod 0700 -- "$d.part" && mv -T -n -- "$d.part" "$d" || exit; [ -f "$d/member/snap/db" ] && [ ! -e "$d.part" ] || exit 1; ' +
  'sync -- "$d" "$(dirname -- "$d")" 2>/dev/null || sync'

/** Restores a snapshot as a new member of a new cluster, on the node. One that is there is taken as it is. */
export async function restoreMemberOn(host: RemoteHost, restore: MemberRestore): Promise<void> {
  const { tool, snapshot, dataDir, name, peerUrl, initialCluster, token, bumpRevision } = restore
  for (const path of [tool, snapshot, dataDir]) mustBeAbsolute(host, path)
  const pairs = initialCluster.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)])
  const odd = [[name, peerUrl], ...pairs].find(([one = '', url = '']) => !NAME.test(one) || !URL_.test(url))
  if (odd) throw noMember(host, odd.join('='))
  const bump = bumpRevision === undefined ? [] : [`--bump-revision=${bumpRevision}`, '--mark-compacted']
  const argv = [
    tool,
    'snapshot',
    'restore',
    snapshot,
    `--name=${name}`,
    `--initial-cluster=${initialCluster.join(',')}`,
  ]
  const flags = [`--initial-cluster-token=${token}`, `--initial-advertise-peer-urls=${peerUrl}`, ...bump]
  // not repeated by itself: the first may still run behind a broken connection, and two would write into one directory
  const { code, stderr } = await host.run({
    effect: 'change',
    argv: ['sh', '-c', RESTORE, 'sh', dataDir, ...argv, ...flags],
    okCodes: Array.from({ length: 256 }, (_, any) => any),
    timeoutMs: TIMEOUT_MS,
  })
  if (code === 0) return
  throw new RescueError(
    'STEP_FAILED',
    `${host.name}: the snapshot could not be restored: ${stderr.trim().slice(-500)}`,
    {
      hint: 'the running cluster was not touched; make room or mend what it says, and resume the run',
    },
  )
}

function noMember(host: RemoteHost, pair: string): RescueError {
  return new RescueError(
    'HOST_OUTPUT',
    `${host.name}: ${JSON.stringify(pair).slice(0, 300)} is no NAME=PEER-URL of a member`,
    {
      hint: 'a database or a state file says so, and it is not to be trusted; choose another copy: --copy NODE:TOKEN',
    },
  )
}

const UNPACK =
  'umask 077; gzip -dc -- "$1" >"$2.part" && sync -- "$2.part" 2>/dev/null && mv -T -- "$2.part" "$2" || { rm -f -- "$2.part"; exit 44; }'

/** Unpacks a gzip file on the node, whole or not at all. `DISK_FULL` is the likeliest reason for a failure. */
export async function unpackOn(host: RemoteHost, from: string, to: string): Promise<void> {
  for (const path of [from, to]) mustBeAbsolute(host, path)
  const argv = ['sh', '-c', UNPACK, 'sh', from, to] as const
  const { code, stderr } = await runSurely(host, { effect: 'change', argv, okCodes: [0, 44], timeoutMs: TIMEOUT_MS })
  if (code === 0) return
  throw new RescueError('DISK_FULL', `${host.name}: ${from} could not be unpacked: ${stderr.trim().slice(-300)}`, {
    hint: `make room on node ${host.name} and resume the run; the running cluster was not touched`,
  })
}
