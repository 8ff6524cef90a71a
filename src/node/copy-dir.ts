import { RescueError } from '../errors/rescue-error.ts'
import type { RemoteHost } from '../ports/remote-host.ts'
import { ALONE, runAlone } from './alone.ts'
import { mustBeAbsolute } from './find.ts'
import { runSurely } from './sure.ts'

/** 10 GB on a slow disk. */
const TIMEOUT_MS = 30 * 60_000
const NO_CLONE = 45

/**
 * A part directory that gets its name when it is whole and on the disk. `always` clones blocks, in no time and no room,
 * and fails at its first file where the file system can't; what it left is removed. Links are followed: a copy of a link
 * would be the original. One that leads in a circle, or nowhere, is an error.
 */
const COPY =
  `${ALONE}` +
  '[ -d "$3" ] && [ ! -L "$3" ] && exit 0; alone "$3"; [ -d "$3" ] && [ ! -L "$3" ] && exit 0; ' +
  'if ! cp -a -L --reflink="$1" -- "$2" "$p"; then rm -rf -- "$p"; [ "$1" = always ] && exit 45; exit 1; fi; publish "$3"'

/**
 * Copies a directory on the node, with owners, modes and times. `clone`: only by sharing blocks; false when the file
 * system can't. A copy that is there already is taken as it is: it has its name only when it is whole.
 */
export async function copyDirOn(
  host: RemoteHost,
  paths: { from: string; to: string },
  how: 'clone' | 'copy',
): Promise<boolean> {
  for (const path of [paths.from, paths.to]) mustBeAbsolute(host, path)
  const reflink = how === 'clone' ? 'always' : 'auto'
  const { code } = await runAlone(host, {
    effect: 'change',
    argv: ['sh', '-c', COPY, 'sh', reflink, paths.from, paths.to],
    okCodes: [0, NO_CLONE],
    timeoutMs: TIMEOUT_MS,
  })
  return code === 0
}

/** Removes a directory that this tool made. Only below a directory of its own name: nothing else is ever removed. */
export async function removeOwnDir(host: RemoteHost, dir: string): Promise<void> {
  mustBeAbsolute(host, dir)
  if (!OWN.test(dir) || dir.includes('/../')) {
    throw new RescueError('BUG', `${dir} is not a directory of this tool, and is not removed`, { hint: 'report it' })
  }
  await runSurely(host, { effect: 'change', argv: ['rm', '-rf', '--', dir], timeoutMs: TIMEOUT_MS })
}

/** What this tool makes on a volume, or beside the manifests, is in a directory of this name. etcd-manager looks at none such. */
export const OWN_DIR = 'etcd-rescue'
const OWN = /\/etcd-rescue\/[a-z]+\/[^/]+$/
