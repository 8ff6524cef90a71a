import { createHash } from 'node:crypto'
import { createWriteStream, existsSync } from 'node:fs'
import { appendFile, copyFile, cp, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { digestClient } from '../../src/digest/index.ts'
import type { EtcdRelease, LocalEtcd, LocalMember } from '../../src/ports/etcd.ts'
import { fill, scene } from '../support/etcd.ts'
import { putLeased } from '../support/leases.ts'

/** What every `LocalEtcd` does with a release. */
export function localEtcdContract(name: string, etcd: LocalEtcd, release: EtcdRelease): void {
  describe(`local etcd contract: ${name}`, () => {
    let place: Awaited<ReturnType<typeof scene>>
    beforeEach(async () => {
      place = await scene()
    })
    afterEach(() => place.clear())

    const path = (file: string) => join(place.dir, file)
    const start = async (dir: string, options?: Parameters<LocalEtcd['start']>[2]) =>
      place.keep(await etcd.start(release, path(dir), options))

    it('restores a snapshot to the same keys, values and revision', async () => {
      const member = await start('first')
      await fill(member, 300)
      const before = await digestClient(member.client)
      const { revision } = await member.client.status()
      await saveSnapshot(member, path('snap'))
      await member.stop()
      await etcd.restore(release, path('snap'), path('second'))
      const again = await start('second')
      expect(await digestClient(again.client)).toEqual(before)
      expect((await again.client.status()).revision).toBe(revision)
      expect((await stat(path('second'))).mode & 0o777).toBe(0o700)
    })

    it('takes a plain db only without the hash check, or with its SHA-256 appended', async () => {
      const db = await killedMember()
      await expect(etcd.restore(release, db, path('no'))).rejects.toMatchObject({ code: 'COPY_CORRUPT' })
      await etcd.restore(release, db, path('skipped'), { skipHashCheck: true })
      await appendFile(
        db,
        createHash('sha256')
          .update(await readFile(db))
          .digest(),
      )
      await etcd.restore(release, db, path('appended'))
      const one = await start('skipped')
      const two = await start('appended')
      expect(await digestClient(one.client)).toEqual(await digestClient(two.client))
    })

    it('keeps every write of a member that need not sync, also when it is killed', async () => {
      const first = await start('unsynced', { isDurable: false })
      await first.client.put('/registry/a', '1')
      process.kill(first.pid, 'SIGKILL')
      await first.stop()
      const again = await start('unsynced', { isDurable: false })
      expect(await again.client.count()).toBe(1)
      await again.stop()
    })

    it('brings back writes that only the WAL has, with forceNewCluster', async () => {
      const db = await killedMember()
      await etcd.restore(release, db, path('alone'), { skipHashCheck: true })
      const alone = await start('alone')
      const replayed = await start('killed', { forceNewCluster: true })
      expect(await replayed.client.count()).toBe(320)
      expect(await alone.client.count()).toBeLessThan(320)
      expect(replayed.client.endpoint).toContain(release.version)
    })

    it('lets no lease run out, however long a copy is looked at, and says so when it did', async () => {
      const first = await start('leased')
      for (const [key, ttl] of [
        ['short', 2],
        ['long', 60],
      ] as const)
        await putLeased(first, `/registry/${key}`, ttl)
      const before = { revision: (await first.client.status()).revision, ...(await digestClient(first.client)) }
      await first.stop()
      const again = await start('leased', { forceNewCluster: true })
      // twice its time to live, and what etcd takes to end it
      await new Promise((resolve) => setTimeout(resolve, 5000))
      const { revision } = await again.client.status()
      expect({ revision, ...(await digestClient(again.client)) }).toEqual(before)
      await again.stop()
      const third = await etcd.start(release, path('leased'))
      expect(await third.client.count()).toBe(2)
      // a machine that is halted renews nothing: what etcd did by itself meanwhile is found out
      await putLeased(third, '/registry/late', 1)
      while ((await third.client.count()) > 2) await new Promise((resolve) => setTimeout(resolve, 100))
      await expect(third.stop()).rejects.toMatchObject({ code: 'LEASES_EXPIRED', message: /1 leases ran out/ })
      expect(isAlive(third.pid)).toBe(false)
    }, 60_000)

    it('refuses an empty, a truncated, a foreign and a changed file, and leaves no directory', async () => {
      const member = await start('first')
      await fill(member, 300)
      await saveSnapshot(member, path('snap'))
      await writeFile(path('empty'), '')
      await writeFile(path('foreign'), Buffer.alloc(40_000, 'not a database'))
      await copyFile(path('snap'), path('cut'))
      await truncate(path('cut'), 20_000)
      const changed = await readFile(path('snap'))
      changed[changed.length - 200] = (changed[changed.length - 200] ?? 0) ^ 0xff
      await writeFile(path('changed'), changed)
      for (const file of ['empty', 'foreign', 'cut', 'changed']) {
        await expect(etcd.restore(release, path(file), path('never')), file).rejects.toMatchObject({
          code: 'COPY_CORRUPT',
        })
        expect([existsSync(path('never')), existsSync(path('never.part'))], file).toEqual([false, false])
      }
      for (const file of ['empty', 'foreign', 'cut']) {
        const restored = etcd.restore(release, path(file), path('never'), { skipHashCheck: true })
        await expect(restored, file).rejects.toMatchObject({ code: 'COPY_CORRUPT' })
      }
    })

    it('refuses a directory that exists, and keeps what is in it', async () => {
      const member = await start('first')
      await saveSnapshot(member, path('snap'))
      const refused = etcd.restore(release, path('snap'), path('first'))
      await expect(refused).rejects.toMatchObject({ code: 'LOCAL_FILE' })
      expect(existsSync(path('first/member/snap/db'))).toBe(true)
    })

    it('says why a member with a damaged WAL does not start', async () => {
      await damagedWal((wal) => {
        // within the data of a record: where a frame is hit instead, etcd takes it for a torn end
        const end = recordEnd(wal, 5000)
        return [end - 10, end]
      })
      const started = etcd.start(release, path('broken'), { forceNewCluster: true, timeoutMs: 20_000 })
      await expect(started).rejects.toMatchObject({
        code: 'COPY_CORRUPT',
        message: expect.stringContaining('crc mismatch'),
      })
    })

    it('never passes over a WAL whose end etcd cut off', async () => {
      // a frame with an impossible length: 3.4 refuses, 3.5 "repairs" and goes on, 3.6 does and then hangs
      await damagedWal(() => [6000, 9000])
      const started = etcd.start(release, path('broken'), { forceNewCluster: true, timeoutMs: 3000 })
      const outcome = await started.then(
        (member) => place.keep(member).notes ?? [],
        (error: { code: string }) => [error.code],
      )
      expect(outcome.length).toBeGreaterThan(0)
    })

    it('ends when stopped, also twice, and at once when its signal fires', async () => {
      const member = await start('first')
      await Promise.all([member.stop(), member.stop()])
      expect(isAlive(member.pid)).toBe(false)
      await expect(etcd.start(release, path('other'), { signal: AbortSignal.abort() })).rejects.toMatchObject({
        name: 'AbortError',
      })
      // before any etcd can serve: alone it votes for itself after less than 100 ms
      const soon = etcd.start(release, path('other'), { signal: AbortSignal.timeout(5) })
      await expect(soon).rejects.toMatchObject({ name: expect.stringMatching(/AbortError|TimeoutError/) })
    })

    /** A copy of a member with some bytes of its WAL overwritten. */
    async function damagedWal(where: (wal: Buffer) => [from: number, to: number]): Promise<void> {
      const member = await start('first')
      await fill(member, 100)
      await member.stop()
      await cp(path('first'), path('broken'), { recursive: true })
      const wal = path('broken/member/wal/0000000000000000-0000000000000000.wal')
      const bytes = await readFile(wal)
      await writeFile(wal, bytes.fill(0xab, ...where(bytes)))
    }

    /** A member killed after 320 writes, and a copy of its db from after the first 300. Returns the copy. */
    async function killedMember(): Promise<string> {
      const member = await start('killed')
      await fill(member, 300)
      // the database is written every 100 ms: what is there now is in the file
      await new Promise((resolve) => setTimeout(resolve, 300))
      await copyFile(path('killed/member/snap/db'), path('db'))
      await Promise.all(Array.from({ length: 20 }, (_, at) => member.client.put(`/registry/late/${at}`, 'x')))
      // let it mark them as committed in the WAL, which it does a moment after the answer (see start-notes.ts)
      await new Promise((resolve) => setTimeout(resolve, 300))
      process.kill(member.pid, 'SIGKILL')
      await member.stop()
      return path('db')
    }
  })
}

/** Where the data ends of the first large record that ends after `from`: frames are 56 bits of length and one byte that tells the padding. */
function recordEnd(wal: Buffer, from: number): number {
  for (let at = 0; ; ) {
    const bytes = wal.readUIntLE(at, 6)
    const top = wal[at + 7] ?? 0
    const end = at + 8 + bytes
    if (bytes === 0) throw new Error(`the WAL ends before byte ${from}`)
    if (end > from && bytes > 60) return end
    at = end + (top & 0x80 ? top & 7 : 0)
  }
}

export async function saveSnapshot(member: LocalMember, file: string): Promise<void> {
  await pipeline(await member.client.snapshot(), createWriteStream(file))
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
