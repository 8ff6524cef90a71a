import type { RemoteHost } from '../ports/remote-host.ts'
import { unexpected } from './answers.ts'
import { mustBeAbsolute } from './find.ts'

/** Bytes that are free for root on the file system of this directory. */
export async function freeBytes(host: RemoteHost, dir: string): Promise<number> {
  mustBeAbsolute(host, dir)
  const { stdout } = await host.run({ effect: 'read', argv: ['df', '-P', '-B1', '--', dir] })
  const free = Number(stdout.trimEnd().split('\n').at(-1)?.trim().split(/\s+/).at(-3))
  if (!Number.isSafeInteger(free) || free < 0) throw unexpected(host, `df answered something else than expected`)
  return free
}
