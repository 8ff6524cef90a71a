// Programs that the bench runs: to their end, or beside it until it ends.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, rmSync, writeSync } from 'node:fs'
import { createServer } from 'node:net'
import { freemem } from 'node:os'
import { delimiter, join } from 'node:path'

/** Runs a program to its end. Resolves to seconds and output; throws with its last lines when the code is not 0. */
export async function run(argv, options = {}) {
  const { env, cwd, onSpawn } = options
  const begun = performance.now()
  const [file, ...args] = bound(argv)
  const child = spawn(file, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onSpawn?.(child)
  const stdout = textOf(child.stdout)
  const stderr = textOf(child.stderr)
  const [code] = await once(child, 'close')
  const seconds = (performance.now() - begun) / 1000
  if (code !== 0)
    throw new Error(`${argv.join(' ')} ended with ${code}\n${stderr().slice(-4000)}${stdout().slice(-1000)}`)
  return { seconds, stdout: stdout(), stderr: stderr() }
}

function textOf(stream) {
  const chunks = []
  stream.on('data', (chunk) => chunks.push(chunk))
  return () => Buffer.concat(chunks).toString()
}

/** The kernel ends it with the bench. setpriv becomes the program, so the pid is the program's. */
const bound = (argv) => ['setpriv', '--pdeathsig', 'KILL', ...argv]

/** Starts a program that the kernel ends when the bench dies, however that is. */
export function startBound(argv, options = {}) {
  const [file, ...args] = bound(argv)
  return spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'], ...options })
}

export async function end(child, signal = 'SIGTERM') {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill(signal)
  await gone
}

/** Asks until the answer is not undefined; throws after `seconds`, with what the child said if it is given. */
export async function until(what, seconds, ask) {
  const deadline = Date.now() + seconds * 1000
  for (;;) {
    const answer = await ask().catch(() => undefined)
    if (answer !== undefined) return answer
    if (Date.now() > deadline) throw new Error(`${what}: not after ${seconds} s`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** The first of these programs on PATH. */
export function onPath(...names) {
  for (const name of names) {
    const dir = (process.env.PATH ?? '').split(delimiter).find((one) => existsSync(join(one, name)))
    if (dir !== undefined) return join(dir, name)
  }
  return undefined
}

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

/**
 * Takes memory from the machine's host and gives it back to the kernel: a virtual machine whose host has taken free memory
 * away writes a file of 1 GB in 2 s in place of 0.2, whoever comes first. Called before each turn of both sides.
 */
export function warmMemory(dir, bytes) {
  const file = join(dir, 'warm')
  const block = Buffer.alloc(1 << 22)
  const fd = openSync(file, 'w', 0o600)
  try {
    for (let left = Math.min(bytes, freemem() / 2); left > 0; left -= block.length) writeSync(fd, block)
  } finally {
    closeSync(fd)
    rmSync(file)
  }
}
