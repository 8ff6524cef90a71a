import { spawnBound } from './bound-process.ts'

export interface ToolResult {
  code: number | null
  /** `SIGBUS` and the like; of a killed tool, also `SIGKILL`. */
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
  timedOut: boolean
}

export interface ToolOptions {
  timeoutMs: number
  cwd?: string
  env?: NodeJS.ProcessEnv
  signal?: AbortSignal | undefined
}

/** What a tool says is bounded to its first and last this many characters. */
const MAX_OUTPUT = 64 << 10

/**
 * Runs a program on this machine to its end. Resolves whatever its exit code is; rejects only when it cannot be started
 * or the signal fires. At the deadline it is killed.
 */
export async function runTool(argv: readonly [string, ...string[]], options: ToolOptions): Promise<ToolResult> {
  options.signal?.throwIfAborted()
  const child = spawnBound(argv, {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.cwd && { cwd: options.cwd }),
    ...(options.env && { env: options.env }),
  })
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr)
  let timedOut = false
  const kill = () => child.kill('SIGKILL')
  const timer = setTimeout(() => {
    timedOut = true
    kill()
  }, options.timeoutMs)
  options.signal?.addEventListener('abort', kill, { once: true })
  try {
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (...end) => resolve(end))
    })
    options.signal?.throwIfAborted()
    return { code, signal, stdout: stdout(), stderr: stderr(), timedOut }
  } finally {
    clearTimeout(timer)
    options.signal?.removeEventListener('abort', kill)
  }
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  let first = ''
  let last = ''
  stream?.setEncoding('utf8')
  stream?.on('data', (text: string) => {
    const room = MAX_OUTPUT - first.length
    first += text.slice(0, room)
    last = (last + text.slice(room)).slice(-MAX_OUTPUT)
  })
  return () => first + last
}
