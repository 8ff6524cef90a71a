import type { RemoteHost } from '../ports/remote-host.ts'
import { splitNul, unexpected } from './answers.ts'
import { GONE } from './files.ts'
import { mustBeAbsolute } from './find.ts'
import { MOUNT_OF } from './mounts.ts'

/** What renames ask of one path on a node. */
export interface Spot {
  path: string
  /** Of the path itself: a link is a link, whatever it leads to. */
  kind: 'missing' | 'directory' | 'file' | 'link' | 'other'
  /** Or a link to one. */
  isDirectory: boolean
  /** The mount that it is in, links followed, by id and device. Undefined where nothing is there, or it cannot be told. */
  mount?: string
  /** Whether root can write to it: false on a mount that is read-only, and where it is immutable. */
  isWritable: boolean
  /** The first symbolic link below a directory. */
  linkBelow?: string
}

const KINDS: Record<string, Spot['kind']> = { m: 'missing', d: 'directory', f: 'file', l: 'link', o: 'other' }

/** The first argument is how many are looked into. Only what the system says is not there is missing. A pipe or a device is never opened. */
const LOOK =
  `${MOUNT_OF}${GONE}n=$1; shift; for p do k=o; m=; w=n; l=; d=n; ` +
  'if [ -L "$p" ]; then k=l; elif [ -d "$p" ]; then k=d; elif [ -f "$p" ]; then k=f; elif gone "$p"; then k=m; fi; ' +
  'if [ -d "$p" ] || [ -f "$p" ]; then m=$(mid "$p"); [ -z "$m" ] || m=$m:$(stat -L -c %d -- "$p"); fi; ' +
  '[ ! -d "$p" ] || d=y; if [ -w "$p" ]; then w=y; fi; if [ "$n" -gt 0 ] && [ $k = d ]; then l=$(find -P "$p" -mindepth 1 -type l -print -quit) || exit 1; fi; ' +
  'n=$((n-1)); printf "%s\\0%s\\0%s\\0%s\\0%s\\0" "$k" "$m" "$w" "$l" "$d"; done'

/** Looks at each path; of `deep` ones also below. Only reads. */
export async function spotsOn(host: RemoteHost, deep: readonly string[], paths: readonly string[]): Promise<Spot[]> {
  const all = [...deep, ...paths]
  for (const path of all) mustBeAbsolute(host, path)
  const { stdout } = await host.run({
    effect: 'read',
    argv: ['sh', '-c', LOOK, 'sh', String(deep.length), ...all],
    timeoutMs: 60_000,
  })
  const parts = splitNul(stdout)
  if (parts.length !== 5 * all.length) throw unexpected(host, 'a look at its directories answered something else')
  return all.map((path, at) => {
    const [letter = '', mount, writable, linkBelow, directory] = parts.slice(5 * at)
    const kind = KINDS[letter]
    if (kind === undefined) throw unexpected(host, 'a look at its directories answered something else')
    const is = { isDirectory: directory === 'y', isWritable: writable === 'y' }
    return { path, kind, ...is, ...(mount && { mount }), ...(linkBelow && { linkBelow }) }
  })
}
