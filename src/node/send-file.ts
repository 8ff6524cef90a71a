import { open } from 'node:fs/promises'
import type { RemoteHost } from '../ports/remote-host.ts'
import { mustBeAbsolute } from './find.ts'
import { runSurely } from './sure.ts'

/** What one command carries: large enough to hide a round trip, small enough to be sent again. */
const CHUNK_BYTES = 4 << 20
/** Of one chunk: a line of 40 kB/s is still waited for. */
const CHUNK_TIMEOUT_MS = 120_000

const PREPARE =
  'umask 077; mkdir -p -m 0700 -- "$(dirname -- "$1")" && : >>"$1" && chmod "$2" -- "$1" && stat -c %s -- "$1"'
const PUT = 'exec dd of="$1" bs=65536 oflag=seek_bytes seek="$2" conv=notrunc iflag=fullblock status=none'

interface SendOptions {
  /** Called with the bytes that are on the node. */
  onBytes?: (sent: number) => void
  /** Octal. Default 600. */
  mode?: string
  signal: AbortSignal
}

/**
 * Sends a file of this machine to a node, piece by piece, each at its own place: a broken connection costs one piece,
 * and what an earlier attempt left is gone on with. Whole is what has the right digest; compare it there.
 */
export async function sendFile(host: RemoteHost, from: string, to: string, options: SendOptions): Promise<void> {
  mustBeAbsolute(host, to)
  const { onBytes, mode = '600', signal } = options
  const file = await open(from, 'r')
  try {
    const { size } = await file.stat()
    const { stdout } = await runSurely(host, { effect: 'change', argv: ['sh', '-c', PREPARE, 'sh', to, mode] })
    const have = Number(stdout.trim())
    // the last piece of an earlier attempt may be cut; what is too long is another file
    let at = have > size || !Number.isSafeInteger(have) ? 0 : have - (have % CHUNK_BYTES)
    if (have > size) await runSurely(host, { effect: 'change', argv: ['truncate', '-s', '0', '--', to] })
    while (at < size) {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(CHUNK_BYTES, size - at)), 0, undefined, at)
      const stdin = buffer.subarray(0, bytesRead)
      const argv = ['sh', '-c', PUT, 'sh', to, String(at)] as const
      await runSurely(host, { effect: 'change', argv, stdin, timeoutMs: CHUNK_TIMEOUT_MS, signal })
      at += bytesRead
      onBytes?.(at)
    }
  } finally {
    await file.close()
  }
}
