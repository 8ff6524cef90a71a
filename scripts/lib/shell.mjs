import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The top of the checkout. */
export const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Runs a program in the checkout and resolves to its exit code (128 when killed by a signal, 127 when it is missing).
 * @param {string} file
 * @param {string[]} args
 * @param {{ quiet?: boolean, env?: Record<string, string> }} [options] quiet: output only when it fails
 */
export function run(file, args, { quiet = false, env = {} } = {}) {
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
    })
    const output = []
    child.stdout?.on('data', (chunk) => output.push(chunk))
    child.stderr?.on('data', (chunk) => output.push(chunk))
    child.on('error', (error) => finish(error.code === 'ENOENT' ? 127 : 126))
    child.on('close', (code) => finish(code ?? 128))
    function finish(code) {
      if (code !== 0) process.stdout.write(Buffer.concat(output))
      resolve(code)
    }
  })
}

/** Ends the script with one sentence and no stack trace. */
export function stop(message) {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}

/** `12.3 s` since a `performance.now()`. */
export function secondsSince(start) {
  return `${((performance.now() - start) / 1000).toFixed(1)} s`
}
