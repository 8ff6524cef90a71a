import { cp, mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { bufferSource, peekDb } from '../../src/bolt/index.ts'
import { etcdReleases, fill, newestOfEach, noEtcd, scene, testEtcd } from '../support/etcd.ts'
import { raiseAlarm } from '../support/raise-alarm.ts'
import { describeOn } from '../support/skip.ts'
import { askEtcd, frames, readDir, walName } from './log-support.ts'
import { randomSource } from './support.ts'

const releases = newestOfEach(await etcdReleases())
/** Each that is called whole costs a start of an etcd. */
const MUTANTS = 60
const MOST_ASKED = 8

describeOn(releases.length === 0 ? noEtcd : undefined, 'a changed log', () => {
  let here: Awaited<ReturnType<typeof scene>>
  beforeAll(async () => {
    here = await scene()
  })
  afterAll(() => here.clear())

  for (const release of releases) {
    it(`${release.version}: is never called whole where etcd refuses it, and alarms beside it are told`, async () => {
      const dir = join(here.dir, release.version)
      const member = here.keep(await testEtcd().start(release, dir))
      await fill(member, 60)
      await raiseAlarm(member, 'NOSPACE')
      await member.stop()
      const db = bufferSource(await readFile(join(dir, 'member/snap/db')))
      expect(await peekDb(db)).toMatchObject({ alarms: ['NOSPACE'], authEnabled: false, learners: [] })

      const path = join(dir, 'member/wal', walName(0, 0))
      const { next = 0 } = frames(await readFile(path)).at(-1) ?? {}
      await truncate(path, next + 64)
      const good = await readFile(path)
      const random = randomSource(7)
      let asked = 0
      for (let round = 0; round < MUTANTS; round++) {
        const bad = Buffer.from(good)
        // headers of records as often as their content: a CRC covers only the latter
        const one = frames(good)[random(frames(good).length)]
        const at = round % 2 === 0 ? random(next) : (one?.offset ?? 0) + random(12)
        if (round % 5 === 4) bad.fill(0, at, Math.min(at + 1 + random(600), bad.length))
        else bad.writeUInt8((bad[at] ?? 0) ^ (1 << random(8)), at)
        const copy = join(here.dir, 'mutant')
        await rm(copy, { recursive: true, force: true })
        await mkdir(join(copy, 'member/wal'), { recursive: true })
        await cp(join(dir, 'member/snap'), join(copy, 'member/snap'), { recursive: true })
        await writeFile(join(copy, 'member/wal', walName(0, 0)), bad)
        const { log, peek } = await readDir(copy)
        expect(peek.log.state).not.toBe('whole')
        if (log.state !== 'whole' || asked++ >= MOST_ASKED) continue
        expect(await askEtcd(release, copy, `${copy}.asked`), `round ${round}, byte ${at}`).not.toHaveProperty(
          'refused',
        )
      }
    }, 120_000)
  }
})
