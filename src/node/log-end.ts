import { toRescueError } from '../errors/rescue-error.ts'
import type { RemoteHost } from '../ports/remote-host.ts'
import { absent, type Seen, seen, unseen } from '../seen/index.ts'

const END_BYTES = 16 * 1024
const LINE_CHARACTERS = 300

/** klog's `W1127 …`, `E…`, `F…`, and etcd's JSON of the same weight. */
const IS_TROUBLE = /^[WEF]\d{4} |"level":"(warn|error|fatal|panic)"/

/**
 * Of the end of a log on a node the last lines that speak of trouble, or else simply the last ones: at most `lines`, oldest
 * first, cut to a screen's width or two. Empty when there is no such log.
 */
export async function logEnd(host: RemoteHost, path: string, lines: number, signal: AbortSignal): Promise<string[]> {
  const { stdout } = await host.run({
    effect: 'read',
    argv: ['tail', '-c', String(END_BYTES), '--', path],
    okCodes: [0, 1],
    maxOutputBytes: 2 * END_BYTES,
    timeoutMs: 5_000,
    signal,
  })
  const all = stdout.split('\n').filter((line) => line.trim() !== '')
  const trouble = all.filter((line) => IS_TROUBLE.test(line))
  return (trouble.length > 0 ? trouble : all).slice(-lines).map((line) => line.slice(0, LINE_CHARACTERS))
}

/** The last whole lines of a log on a node, at most `bytes` of it. A log that cannot be read is not an empty one. */
export async function logTail(
  host: RemoteHost,
  path: string,
  bytes: number,
  signal: AbortSignal,
): Promise<Seen<string[]>> {
  const argv = ['tail', '-c', String(bytes), '--', path] as const
  const options = { okCodes: [0, 1], maxOutputBytes: 2 * bytes, timeoutMs: 10_000, signal }
  try {
    const { code, stdout, stderr } = await host.run({ effect: 'read', argv, ...options })
    if (code !== 0) return /No such file/.test(stderr) ? absent : unseen(`tail: ${stderr.trim().slice(-200)}`)
    // the first may be cut, and the last be written just now
    return seen(stdout.split('\n').slice(stdout.length >= bytes ? 1 : 0, -1))
  } catch (error) {
    if (signal.aborted) throw error
    return unseen(toRescueError(error).message)
  }
}
