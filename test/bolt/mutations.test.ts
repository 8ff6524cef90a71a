import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDb } from '../../src/bolt/db.ts'
import { bufferSource, inspectDb, type PageSource, peekDb, scanWal, walTail } from '../../src/bolt/index.ts'
import { createKvDigest, digestClient } from '../../src/digest/index.ts'
import type { EtcdRelease } from '../../src/ports/etcd.ts'
import { etcdReleases, noEtcd, scene, testEtcd } from '../support/etcd.ts'
import { mutants } from './mutate.ts'
import { compactCopy, dbOf, liveALittle, randomSource, usedPages, walOf } from './support.ts'

const exec = promisify(execFile)
const release = (await etcdReleases()).at(-1)
const SEED = Number(process.env.ETCD_RESCUE_TEST_SEED ?? 20_260_101)
const DATABASES = 10_000
const WALS = 2000
const ASKED = Number(process.env.ETCD_RESCUE_TEST_ASKED ?? 60)
const PAGE = 4096

/** A mutant that the reader finds nothing wrong with, and what it says is in it. */
interface Healthy {
  what: string
  file: Buffer
  revision: number
  compactRevision: number
  scheduledCompactRevision: number
  keys: number
  digest: string
}

describe.skipIf(!release)(`damaged files, seed ${SEED} (${release ? 'made from real ones' : noEtcd})`, () => {
  let here: Awaited<ReturnType<typeof scene>>
  let db: Buffer
  let wal: Buffer
  let digest: string
  const healthy: Healthy[] = []

  beforeAll(async () => {
    here = await scene()
    if (!release) return
    const member = here.keep(await testEtcd().start(release, join(here.dir, 'data')))
    await liveALittle(member)
    await member.stop()
    db = await compactCopy(dbOf(member))
    const whole = await readFile(walOf(member))
    wal = whole.subarray(0, (await scanWal(bufferSource(whole))).usedBytes + 2 * PAGE)
    digest = (await inspect(db)).digest ?? ''
  })
  afterAll(() => here.clear())

  /** The first of each kind: all would be gigabytes. */
  function keep(one: Healthy) {
    const isSame = one.digest === digest
    if (healthy.filter((other) => (other.digest === digest) === isSame).length < ASKED) healthy.push(one)
  }

  const inspect = (file: Buffer) => inspectDb(bounded(file), { digest: createKvDigest() })

  it(`${DATABASES} databases: each ends in findings, COPY_CORRUPT or a whole answer`, async () => {
    const pages = (await usedPages(db)).filter((id) => db.readUInt32LE(id * PAGE) === id)
    // one page of many says where everything is: it is hit more often than chance would have it
    const root = (await openDb(bufferSource(db))).meta.root
    const heads = [...pages, root, root]
    const before = process.memoryUsage().rss
    let seen = 0
    let slowest = 0
    for (const { what, file } of mutants(db, heads, DATABASES, SEED)) {
      const begun = performance.now()
      const found = await inspect(file).catch((error: unknown) => error)
      const peek = await peekDb(bounded(file))
      slowest = Math.max(slowest, performance.now() - begun)
      if (found instanceof Error) {
        expect(found, what).toMatchObject({ code: 'COPY_CORRUPT', hint: expect.any(String) })
        seen++
      } else {
        const { findings, digest: said = '', ...rest } = found as Awaited<ReturnType<typeof inspect>>
        if (findings.length > 0 || peek.findings.length > 0) seen++
        else if (!file.equals(db)) keep({ what, file, digest: said, ...rest })
      }
    }
    expect(slowest).toBeLessThan(5000)
    expect(seen).toBeGreaterThan(DATABASES / 3)
    expect(process.memoryUsage().rss - before).toBeLessThan(600 * 2 ** 20 + 2 * ASKED * db.length)
  }, 120_000)

  it(
    `where it finds nothing, etcd's tool and a restored etcd agree (${ASKED} of each kind)`,
    async () => {
      if (!release) throw new Error(noEtcd)
      const changed = healthy.filter((one) => one.digest !== digest)
      const same = healthy.filter((one) => one.digest === digest)
      expect(Math.min(changed.length, same.length)).toBeGreaterThan(10)
      // an etcd mostly waits for its election, so several at once
      const lanes = [0, 1, 2, 3].map(async (lane) => {
        for (let at = lane; at < healthy.length; at += 4) await asEtcdSays(release, healthy[at] as Healthy)
      })
      // all to their ends: none may go on into the next test, or into this one's second turn
      const ends = await Promise.allSettled(lanes)
      const wrong = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []))
      if (wrong.length > 0) throw new AggregateError(wrong, wrong.map(String).join('\n'))
    },
    120_000 + ASKED * 2000,
  )

  async function asEtcdSays(etcd: EtcdRelease, one: Healthy) {
    const { what, file, revision, compactRevision, scheduledCompactRevision: scheduled, keys, digest: said } = one
    const own = await mkdtemp(join(here.dir, 'mutant-'))
    const path = join(own, 'db')
    const dataDir = join(own, 'data')
    await writeFile(path, file, { mode: 0o600 })
    const { stdout } = await exec(etcd.etcdutl ?? etcd.etcdctl, ['snapshot', 'status', '-w', 'json', path], {
      timeout: 20_000,
    })
    // the tool gives the last key's; an etcd that starts does not fall behind a compaction
    expect(Math.max(JSON.parse(stdout).revision, compactRevision, scheduled, 1), what).toBe(revision)
    await testEtcd().restore(etcd, path, dataDir, { skipHashCheck: true })
    const member = here.keep(await testEtcd().start(etcd, dataDir))
    const served = await digestClient(member.client)
    await member.stop()
    await rm(own, { recursive: true, force: true })
    expect({ keys: served.keys, digest: served.digest }, what).toEqual({ keys, digest: said })
  }

  it(`${WALS} logs: each ends, and the tail never reaches further than what was written`, async () => {
    const clean = await scanWal(bufferSource(wal))
    const random = randomSource(SEED)
    for (let round = 0; round < WALS; round++) {
      const file = damagedWal(round, random, clean.usedBytes)
      const begun = performance.now()
      const whole = await scanWal(bounded(file))
      const tail = await walTail(bounded(file), { afterIndex: 100 })
      expect(performance.now() - begun).toBeLessThan(5000)
      expect(whole.lastIndex ?? 0, String(round)).toBeLessThanOrEqual(clean.lastIndex ?? 0)
      expect(tail.lastIndex ?? 0, String(round)).toBeLessThanOrEqual(clean.lastIndex ?? 0)
      if (whole.end !== 'clean') expect(whole.findings.length).toBeGreaterThan(0)
      if (tail.method === 'full') expect(tail).toMatchObject({ end: whole.end, usedBytes: whole.usedBytes })
    }
  }, 60_000)

  function damagedWal(round: number, random: (below: number) => number, usedBytes: number): Buffer {
    const at = random(usedBytes)
    const file = Buffer.from(wal)
    if (round % 4 === 0) return file.subarray(0, at)
    if (round % 4 === 1) return file.fill(0, at, at + 512 * (1 + random(4)))
    if (round % 4 === 2)
      for (let index = 0; index < 16; index++) file.writeUInt8(random(256), Math.min(at + index, usedBytes))
    file.writeUInt8(file.readUInt8(at) ^ (1 << random(8)), at)
    return file
  }
})

/** In memory; a read that reaches out of the file is the reader's fault. */
function bounded(file: Buffer): PageSource {
  return {
    size: file.length,
    read: async (offset, length) => {
      if (!(offset >= 0 && length >= 0 && offset + length <= file.length)) throw new Error(`read ${offset}+${length}`)
      return file.subarray(offset, offset + length)
    },
  }
}
