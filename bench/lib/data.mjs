// A member's directory as a killed etcd leaves it, made once for each size and kept for the next run.
import { existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort, startBound, until } from './process.mjs'

/** Two records fill a page of 4 KiB, as 1 GB for 490,000 keys of 2 kB says (FACTS 7). */
const VALUE_BYTES = 1900
/** 490,000 keys make 1 GB, as in FACTS 7; in transactions of 100, so the revision is a hundredth of the keys. */
const KEYS_FOR_1GB = 490_000
const KEYS_AT_ONCE = 100
const WRITERS = 4

/**
 * `<dir>/member` of an etcd that held `bytes` of data and was killed while it wrote. Snapshots every 1000 entries
 * let etcd drop old WAL files, so about five are left, as on a real node.
 */
export async function killedMember(etcd, bytes, dir) {
  if (existsSync(join(dir, 'made'))) return describe(dir)
  const making = `${dir}.making`
  rmSync(making, { recursive: true, force: true })
  mkdirSync(making, { recursive: true, mode: 0o700 })
  const { child, agent, port } = await startMember(etcd, making, ['--snapshot-count', '1000'])
  await write(agent, port, Math.round((bytes / 1e9) * KEYS_FOR_1GB))
  await sleep(35_000) // etcd looks for WAL files that it may drop every 30 s
  await write(agent, port, 2 * KEYS_AT_ONCE, 'late')
  child.kill('SIGKILL')
  agent.destroy()
  await until('etcd gone', 10, async () => (child.signalCode === null && child.exitCode === null ? undefined : true))
  writeFileSync(join(making, 'made'), '')
  renameSync(making, dir)
  return describe(dir)
}

/** An etcd of one member on free ports of loopback, serving; `post` sends JSON to its gateway. */
export async function startMember(etcd, dir, more) {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const peer = `http://127.0.0.1:${await freePort()}`
  const child = startBound([
    etcd,
    ...['--data-dir', dir, '--name', 'a', '--listen-client-urls', url, '--advertise-client-urls', url],
    ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `a=${peer}`],
    ...['--quota-backend-bytes', String(16 * 2 ** 30), '--log-level', 'error', ...more],
  ])
  child.stderr.resume()
  const agent = new Agent({ keepAlive: true, maxSockets: WRITERS })
  await until('etcd', 30, () => post(agent, port, '/v3/kv/range', { key: 'AA==' }))
  const send = (path, body) => post(agent, port, path, body)
  return { child, agent, port, post: send, close: () => agent.destroy() }
}

function describe(dir) {
  return { dir, dbBytes: statSync(join(dir, 'member/snap/db')).size }
}

async function write(agent, port, keys, name = 'pod') {
  let next = 0
  const writer = async () => {
    while (next < keys) {
      const from = next
      next += KEYS_AT_ONCE
      const batch = Array.from({ length: Math.min(KEYS_AT_ONCE, keys - from) }, (_, at) => from + at)
      const success = batch.map((n) => ({
        requestPut: { key: base64(`/registry/pods/ns-${n % 40}/${name}-${n}`), value: recordsOf(n).toString('base64') },
      }))
      await post(agent, port, '/v3/kv/txn', { success })
    }
  }
  await Promise.all(Array.from({ length: WRITERS }, writer))
}

/** JSON-like text that gzip -6 makes four to five times smaller, as it does Kubernetes' objects. */
function recordsOf(n) {
  let state = (n + 1) * 2_654_435_761
  const words = []
  for (let bytes = 0; bytes < VALUE_BYTES; ) {
    state = (Math.imul(state ^ (state >>> 15), 0x85ebca6b) + n) >>> 0
    const word = `{"name":"${state.toString(36)}","uid":"${Math.imul(state, n + 7) >>> 0}","image":"app:v${n % 90}"},`
    words.push(word)
    bytes += word.length
  }
  return Buffer.from(words.join('')).subarray(0, VALUE_BYTES)
}

const base64 = (text) => Buffer.from(text).toString('base64')

function post(agent, port, path, body) {
  const text = JSON.stringify(body)
  return new Promise((resolve, reject) => {
    const asked = request({ agent, host: '127.0.0.1', port, path, method: 'POST' }, (answer) => {
      answer.resume()
      answer.on('end', () => (answer.statusCode === 200 ? resolve(true) : reject(new Error(`${answer.statusCode}`))))
    })
    asked.on('error', reject)
    asked.end(text)
  })
}
