import { openRemoteFile } from '../../node/page-source.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'
import type { RecoveryCopy } from '../../recovery/copies.ts'

const PROBE_BYTES = 4 << 20
const FIRST_BYTES = 512

/**
 * Bytes a second from a node to this machine, from one read of a few MB of this copy, less the time that a read of
 * nothing much takes. Undefined where the file is too small to tell, or cannot be read: an estimate is not worth an error.
 */
export async function transferRate(
  hosts: readonly RemoteHost[],
  copy: RecoveryCopy | undefined,
  signal: AbortSignal,
): Promise<number | undefined> {
  const host = hosts.find(({ name }) => name === copy?.node)
  if (host === undefined || copy === undefined || copy.sizeBytes < PROBE_BYTES) return undefined
  try {
    const file = await openRemoteFile(host, `${copy.path}/member/snap/db`, signal)
    const short = await seconds(() => file.read(0, FIRST_BYTES))
    const long = await seconds(() => file.read(0, PROBE_BYTES))
    return long <= short ? undefined : (PROBE_BYTES - FIRST_BYTES) / (long - short)
  } catch {
    return undefined
  }
}

async function seconds(act: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await act()
  return (performance.now() - started) / 1000
}
