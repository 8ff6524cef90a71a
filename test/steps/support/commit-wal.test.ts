import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { commitWal } from '../../../src/steps/support/commit-wal.ts'
import { etcdReleases, scene, testEtcd } from '../../support/etcd.ts'
import { forgetMarks } from '../../support/wal.ts'

const etcd = testEtcd()
const releases = await etcdReleases()

describe.each(releases.map((release) => [release.version, release] as const))(
  'the end of a WAL of etcd %s',
  (_version, release) => {
    let place: Awaited<ReturnType<typeof scene>>
    afterEach(() => place.clear())

    /** Killed at once after the last answer: the mark of what is committed is mostly not written yet. */
    it('keeps every write that was acknowledged before a SIGKILL', async () => {
      place = await scene()
      const path = (name: string) => join(place.dir, name)
      const member = place.keep(await etcd.start(release, path('killed')))
      for (let i = 0; i < 150; i++) await member.client.put(`/registry/pods/default/p${i}`, `value ${i}`)
      process.kill(member.pid, 'SIGKILL')
      await member.stop()
      await cp(path('killed'), path('copy'), { recursive: true })
      await commitWal(join(path('copy'), 'member', 'wal'))
      expect(await commitWal(join(path('copy'), 'member', 'wal'))).toMatchObject({ marked: 0 })
      const replayed = place.keep(await etcd.start(release, path('copy'), { forceNewCluster: true }))
      expect(await replayed.client.count({ prefix: '/registry/pods/' })).toBe(150)
    }, 60_000)

    /** The mark of a clean end was written, and of a torn one it was not: 6 of 105 keys, with a note only. */
    it.each(['half a record', 'a record of zeros', 'a hole with more behind it'])(
      'keeps as many when the log ends in %s',
      async (what) => {
        place = await scene()
        const dir = join(place.dir, 'killed')
        const member = place.keep(await etcd.start(release, dir))
        for (let i = 0; i < 105; i++) await member.client.put(`/registry/pods/default/p${i}`, `value ${i}`)
        process.kill(member.pid, 'SIGKILL')
        await member.stop()
        await forgetMarks(join(dir, 'member', 'wal'), torn[what] ?? Buffer.alloc(0))
        const { marked } = await commitWal(join(dir, 'member', 'wal'))
        expect(marked).toBeGreaterThanOrEqual(100)
        const replayed = place.keep(await etcd.start(release, dir, { forceNewCluster: true, timeoutMs: 20_000 }))
        expect(await replayed.client.count({ prefix: '/registry/pods/' })).toBe(105)
        expect(replayed.notes).toEqual([])
      },
      60_000,
    )
  },
)

const frame = (bytes: number) => {
  const head = Buffer.alloc(8)
  head.writeUInt32LE(bytes)
  return head
}
const torn: Record<string, Buffer> = {
  'half a record': Buffer.concat([frame(1200), Buffer.from([0x08, 2, 0x10]), Buffer.alloc(100, 0x99)]),
  'a record of zeros': Buffer.concat([frame(800), Buffer.alloc(40)]),
  'a hole with more behind it': Buffer.concat([Buffer.alloc(512), frame(64), Buffer.alloc(72, 0x77)]),
}

it('finds an etcd to be tested with', () => expect(releases.length).toBeGreaterThan(0))
