import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePortPair } from './free-ports.ts'

export interface Rgw {
  endpoint: string
  accessKeyId: string
  secretAccessKey: string
  close(): Promise<void>
}

const script = (name: string) => fileURLToPath(new URL(`../../scripts/test-setup/${name}`, import.meta.url))

/**
 * A Ceph RGW on a loopback port: the one that `setup` started for the whole run (or that ER_TEST_RGW_* name), else one of
 * its own. Where it can't run, the reason in a sentence: tests print it and skip.
 */
export async function startRgw(): Promise<Rgw | { skipped: string }> {
  const { ER_TEST_RGW_ENDPOINT: endpoint, ER_TEST_RGW_ACCESS_KEY_ID: accessKeyId } = process.env
  const secretAccessKey = process.env.ER_TEST_RGW_SECRET_ACCESS_KEY
  if (endpoint && accessKeyId && secretAccessKey) {
    return { endpoint, accessKeyId, secretAccessKey, close: async () => undefined }
  }
  const install = await run('rgw-install.sh')
  if (install.code !== 0) return { skipped: install.lastLine || `rgw-install.sh ended with ${install.code}` }
  return launch()
}

/** For vitest's globalSetup: one RGW for all test files. Returns its teardown. */
export async function setup(): Promise<() => Promise<void>> {
  const rgw = await startRgw()
  if ('skipped' in rgw) return async () => undefined
  process.env.ER_TEST_RGW_ENDPOINT = rgw.endpoint
  process.env.ER_TEST_RGW_ACCESS_KEY_ID = rgw.accessKeyId
  process.env.ER_TEST_RGW_SECRET_ACCESS_KEY = rgw.secretAccessKey
  return rgw.close
}

async function launch(): Promise<Rgw | { skipped: string }> {
  const port = await freePortPair()
  const accessKeyId = `AK${randomBytes(8).toString('hex').toUpperCase()}`
  const secretAccessKey = randomBytes(20).toString('hex')
  // the kernel ends it when this process dies, however it does
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'bash', script('rgw-start.sh'), String(port)], {
    env: { ...process.env, RGW_ACCESS_KEY_ID: accessKeyId, RGW_SECRET_ACCESS_KEY: secretAccessKey },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr.on('data', (chunk) => {
    stderr = (stderr + chunk).slice(-2000)
  })
  const endpoint = `http://127.0.0.1:${port}`
  const close = () => stop(child)
  const deadline = Date.now() + 90_000
  while (Date.now() < deadline && child.exitCode === null) {
    const answer = await fetch(endpoint, { signal: AbortSignal.timeout(2000) }).catch(() => undefined)
    if (answer?.ok) return { endpoint, accessKeyId, secretAccessKey, close }
    await sleep(100)
  }
  await close()
  throw new Error(`Ceph RGW is installed and does not start: ${stderr}`)
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL') // unshare ignores SIGTERM; its daemons live in memory and go with it
  await ended
}

function run(name: string): Promise<{ code: number; lastLine: string }> {
  const child = spawn('bash', [script(name)], { stdio: ['ignore', 'ignore', 'pipe'] })
  let stderr = ''
  child.stderr.on('data', (chunk) => {
    stderr = (stderr + chunk).slice(-4000)
  })
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ code: -1, lastLine: error.message }))
    child.on('close', (code) => resolve({ code: code ?? -1, lastLine: stderr.trim().split('\n').at(-1) ?? '' }))
  })
}
