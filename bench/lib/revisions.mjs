// A database with very many small revisions, made once and kept.
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startMember } from './data.mjs'
import { end } from './process.mjs'

const KEYS = 4_000_000
const AT_ONCE = 120
const WRITERS = 4

/** `<dir>/member` of an etcd 3.5 with `count` revisions of four million keys, a few bytes each. */
export async function manyRevisions(etcd, count, dir) {
  if (existsSync(join(dir, 'made'))) return { dir }
  const making = `${dir}.making`
  rmSync(making, { recursive: true, force: true })
  mkdirSync(making, { recursive: true, mode: 0o700 })
  const { child, post, close } = await startMember(etcd, making, ['--max-txn-ops', '128', '--unsafe-no-fsync'])
  let next = 0
  const writer = async () => {
    while (next < count) {
      const from = next
      next += AT_ONCE
      const batch = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, at) => from + at)
      const success = batch.map((n) => ({ requestPut: { key: base64(`/k/${n % KEYS}`), value: base64(`${n}`) } }))
      await post('/v3/kv/txn', { success })
    }
  }
  await Promise.all(Array.from({ length: WRITERS }, writer))
  await sleep(1000)
  close()
  await end(child)
  writeFileSync(join(making, 'made'), '')
  renameSync(making, dir)
  return { dir }
}

const base64 = (text) => Buffer.from(text).toString('base64')
