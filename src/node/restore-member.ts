import { RescueError } from '../errors/rescue-error.ts'
import type { RemoteHost } from '../ports/remote-host.ts'
import { ALONE, runAlone } from './alone.ts'
import { mustBeAbsolute } from './find.ts'

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

/** A failed one leaves a half directory (FACTS 2). */
const RESTORE =
  `${ALONE}d="$1"; shift; ` +
  '[ -d "$d" ] && exit 0; alone "$d"; [ -d "$d" ] && exit 0; ' +
  'ETCDCTL_API=3 "$@" --data-dir="$p" || { c=$?; rm -rf -- "$p"; [ $c != 75 ] || c=1; exit $c; }; ' +
  '[ -f "$p/member/snap/db" ] && chmod 0700 -- "$p" || exit 1; publish "$d"'

/**
 * Restores a snapshot as a new member of a new cluster, on the node, one at a time. One that is there is whole, and taken as
 * it is; one that an earlier attempt is still making is waited for.
 */
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
  const { code, stderr } = await runAlone(host, {
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
  `${ALONE}alone "$2"; gzip -dc -- "$1" >"$p" || { rm -f -- "$p"; exit 44; }; ` +
  '{ sync -- "$p" 2>/dev/null || sync; }; mv -T -- "$p" "$2" || { rm -f -- "$p"; exit 44; }'

/** Unpacks a gzip file on the node, whole or not at all. `DISK_FULL` is the likeliest reason for a failure. */
export async function unpackOn(host: RemoteHost, from: string, to: string): Promise<void> {
  for (const path of [from, to]) mustBeAbsolute(host, path)
  const argv = ['sh', '-c', UNPACK, 'sh', from, to] as const
  const { code, stderr } = await runAlone(host, { effect: 'change', argv, okCodes: [0, 44], timeoutMs: TIMEOUT_MS })
  if (code === 0) return
  throw new RescueError('DISK_FULL', `${host.name}: ${from} could not be unpacked: ${stderr.trim().slice(-300)}`, {
    hint: `make room on node ${host.name} and resume the run; the running cluster was not touched`,
  })
}
