import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDb } from '../../src/bolt/db.ts'
import { bufferSource, checkDb, inspectDb, peekDb, scanWal } from '../../src/bolt/index.ts'
import { elementAt, parsePage } from '../../src/bolt/page.ts'
import { etcdReleases, noEtcd, scene, testEtcd } from '../support/etcd.ts'
import { compactCopy, dbOf, liveALittle, randomSource, usedPages, walOf } from './support.ts'

const release = (await etcdReleases()).at(-1)
const PAGE = 4096
const corrupt = { code: 'COPY_CORRUPT', message: expect.any(String), hint: expect.any(String) }

describe.skipIf(!release)(`damaged databases (${release ? 'made from a real one' : noEtcd})`, () => {
  let here: Awaited<ReturnType<typeof scene>>
  let good: Buffer
  let wal: Buffer
  /** Pages in use, by their first page where they have overflow. */
  let heads: number[]

  beforeAll(async () => {
    here = await scene()
    if (!release) return
    const member = here.keep(await testEtcd().start(release, join(here.dir, 'data')))
    await liveALittle(member)
    await member.stop()
    good = await compactCopy(dbOf(member))
    heads = (await usedPages(good)).filter((id) => good.readUInt32LE(id * PAGE) === id)
    const whole = await readFile(walOf(member))
    wal = whole.subarray(0, (await scanWal(bufferSource(whole))).usedBytes + PAGE)
  })
  afterAll(() => here.clear())

  /** What a reader makes of it: never a crash, never long. Says whether the damage was seen. */
  async function look(db: Buffer): Promise<boolean> {
    const begun = performance.now()
    const { findings } = await peekDb(bufferSource(db))
    const strict = await checkDb(bufferSource(db)).catch((error: unknown) => error)
    const tolerant = await inspectDb(bufferSource(db), { skipHash: true, onLive: () => {} }).catch(
      (error: unknown) => error,
    )
    expect(performance.now() - begun).toBeLessThan(5000)
    if (strict instanceof Error) expect(strict).toMatchObject(corrupt)
    if (tolerant instanceof Error) expect(tolerant).toMatchObject(corrupt)
    else if (strict instanceof Error)
      expect(tolerant).toHaveProperty('findings.0', expect.stringMatching(/unusable|meta page/))
    return strict instanceof Error || findings.length > 0
  }

  const changed = (change: (db: Buffer) => void) => {
    const db = Buffer.from(good)
    change(db)
    return db
  }

  it('every page that is in use and zeroed is noticed', async () => {
    expect(heads.length).toBeGreaterThan(10)
    for (const id of heads) expect(await look(changed((db) => db.fill(0, id * PAGE, (id + 1) * PAGE)))).toBe(true)
  })

  it('every bit of every header in use is noticed when it flips', async () => {
    const random = randomSource(1)
    for (const id of heads.slice(0, 12)) {
      for (let byte = 0; byte < 12; byte++) {
        const db = changed((copy) =>
          copy.writeUInt8(copy.readUInt8(id * PAGE + byte) ^ (1 << random(8)), id * PAGE + byte),
        )
        const seen = await look(db)
        // a smaller count is a smaller tree, not a broken one: only that it ends is asked for there
        if (byte < 10) expect(seen, `page ${id} byte ${byte}`).toBe(true)
      }
    }
  })

  it.each([
    ['out of order', 'members_removed', 'me\xb8bers_removed', 'its keys are not in order'],
    ['of keys under another name', 'key', 'kez', 'there is no bucket key'],
    ['of the consistent index under another name', 'meta', 'metb', 'there is no bucket meta'],
    ['of the leases under another name', 'lease', 'leasf', 'there is no bucket lease, which every etcd has'],
  ])('a bucket %s is told', async (_, name, becomes, told) => {
    const { root } = (await openDb(bufferSource(good))).meta
    const db = changed((copy) => {
      const page = copy.subarray(root * PAGE, (root + 1) * PAGE)
      const { keyStart } = elementAt(parsePage(page, root, PAGE, root + 1), indexOf(page, root, name))
      page.write(becomes, keyStart, 'latin1')
    })
    expect((await peekDb(bufferSource(db))).findings.join()).toContain(told)
    const strict = await checkDb(bufferSource(db)).then(({ findings }) => findings.join(), String)
    expect(strict).toContain(told)
  })

  it('a lease that etcd cannot read is told, with its page', async () => {
    const { root } = (await openDb(bufferSource(good))).meta
    const page = good.subarray(root * PAGE, (root + 1) * PAGE)
    // an inline bucket: after its name 16 bytes, the header of a page, one element, and the lease's key
    const { keyEnd } = elementAt(parsePage(page, root, PAGE, root + 1), indexOf(page, root, 'lease'))
    const lease = root * PAGE + keyEnd + 16 + 16 + 16 + 8
    expect(good[lease]).toBe(0x08)
    const db = changed((copy) => copy.writeUInt8(0x0b, lease))
    await expect(checkDb(bufferSource(db))).rejects.toMatchObject({
      message: `page ${root}: etcd cannot read element 0 of the bucket lease`,
    })
  })

  function indexOf(page: Buffer, root: number, name: string): number {
    const parsed = parsePage(page, root, PAGE, root + 1)
    const nameAt = (index: number) => {
      const { keyStart, keyEnd } = elementAt(parsed, index)
      return page.toString('latin1', keyStart, keyEnd)
    }
    return Array.from({ length: parsed.count }, (_, index) => index).findIndex((index) => nameAt(index) === name)
  }

  it('two leaves that changed places are noticed', async () => {
    const leaves = heads.filter((id) => good.readUInt16LE(id * PAGE + 8) === 2)
    for (let index = 1; index < leaves.length; index++) {
      const [a = 0, b = 0] = [leaves[index - 1], leaves[index]]
      const db = changed((copy) => {
        good.copy(copy, a * PAGE, b * PAGE, (b + 1) * PAGE)
        good.copy(copy, b * PAGE, a * PAGE, (a + 1) * PAGE)
        copy.writeUInt32LE(a, a * PAGE)
        copy.writeUInt32LE(b, b * PAGE)
      })
      expect(await look(db)).toBe(true)
    }
  })

  it('a cycle ends', async () => {
    const branch = heads.find((id) => good.readUInt16LE(id * PAGE + 8) === 1) ?? 0
    expect(branch).toBeGreaterThan(1)
    const count = good.readUInt16LE(branch * PAGE + 10)
    for (let index = 0; index < count; index++) {
      const db = changed((copy) => copy.writeUInt32LE(branch, branch * PAGE + 16 + index * 16 + 8))
      expect(await look(db)).toBe(true)
      await expect(checkDb(bufferSource(db))).rejects.toMatchObject({
        message: expect.stringMatching(/twice|parent|order/),
      })
    }
  })

  it('truncated anywhere it is an error that says so', async () => {
    const random = randomSource(2)
    const lengths = [
      0,
      1,
      100,
      4095,
      4096,
      8192,
      16384,
      good.length - 1,
      ...Array.from({ length: 30 }, () => random(good.length)),
    ]
    for (const length of lengths) {
      const db = good.subarray(0, length)
      await expect(checkDb(bufferSource(db)), String(length)).rejects.toMatchObject(corrupt)
      expect((await peekDb(bufferSource(db))).findings[0]).toMatch(/^unusable/)
    }
  })

  it('one damaged meta page is a finding, two are the end, and other files are told apart', async () => {
    for (const id of [0, 1]) {
      const db = changed((copy) => copy.writeUInt8(copy.readUInt8(id * PAGE + 60) ^ 1, id * PAGE + 60))
      expect((await peekDb(bufferSource(db))).findings[0]).toMatch('meta page')
    }
    const both = changed((copy) => copy.fill(255, 60, 70).fill(255, PAGE + 60, PAGE + 70))
    await expect(checkDb(bufferSource(both))).rejects.toMatchObject({
      message: expect.stringContaining('both meta pages'),
    })
    await expect(checkDb(bufferSource(Buffer.alloc(PAGE * 4)))).rejects.toMatchObject({
      message: expect.stringContaining('zeros'),
    })
    await expect(checkDb(bufferSource(Buffer.alloc(PAGE * 4, 'x')))).rejects.toMatchObject({
      message: expect.stringContaining('not an etcd'),
    })
  })

  it('hundreds of random changes: each time an answer', async () => {
    const random = randomSource(3)
    let seen = 0
    for (let round = 0; round < 300; round++) {
      const page = heads[random(heads.length)] ?? 2
      // most damage near the beginning of pages, where headers and elements are
      const at = page * PAGE + random(random(2) === 0 ? 64 : PAGE)
      const db = changed((copy) => {
        for (let byte = random(8); byte >= 0; byte--) copy.writeUInt8(random(256), Math.min(at + byte, copy.length - 1))
      })
      if (await look(db)) seen++
    }
    expect(seen).toBeGreaterThan(60)
  })

  it('a damaged WAL is torn or corrupt and always ends', async () => {
    const clean = await scanWal(bufferSource(wal))
    expect(clean.end).toBe('clean')
    const random = randomSource(4)
    for (let round = 0; round < 60; round++) {
      const at = random(clean.usedBytes)
      const flipped = Buffer.from(wal)
      flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << random(8)), at)
      const scan = await scanWal(bufferSource(flipped))
      // padding is not covered by any CRC
      if (scan.end === 'clean') expect(scan).toMatchObject({ entries: clean.entries, lastIndex: clean.lastIndex })
      else expect(scan.findings).toHaveLength(1)
      const cut = await scanWal(bufferSource(wal.subarray(0, at)))
      expect(cut.entries).toBeLessThanOrEqual(clean.entries)
    }
    expect((await scanWal(bufferSource(Buffer.alloc(4096)))).end).toBe('corrupt')
    expect((await scanWal(bufferSource(wal), { previousCrc: 1 })).end).toBe('corrupt')
  })
})
