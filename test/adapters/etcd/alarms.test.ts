import { describe, expect, it } from 'vitest'
import { etcdReleases, newestOfEach, noEtcd, scene, testEtcd } from '../../support/etcd.ts'
import { raiseAlarm } from '../../support/raise-alarm.ts'
import { tellSkipped } from '../../support/skip.ts'

const releases = newestOfEach(await etcdReleases())

tellSkipped(releases.length === 0 ? noEtcd : undefined, 'alarms')

describe.each(releases.map((release) => ({ version: release.version, release })))(
  'alarms of etcd $version',
  ({ release }) => {
    it.each(['NOSPACE', 'CORRUPT'] as const)(
      '%s is read, refuses writes and not reads, and is disarmed',
      async (kind) => {
        const place = await scene()
        try {
          const member = place.keep(await testEtcd().start(release, `${place.dir}/data`))
          const { client } = member
          await client.put('/a', 'one')
          const { memberId } = await client.status()
          await raiseAlarm(member, kind)
          expect(await client.alarms()).toEqual([{ kind, memberId }])
          await expect(client.put('/a', 'two')).rejects.toMatchObject({ code: 'ETCD_FAILED' })
          expect(await client.count()).toBe(1)
          for (const alarm of await client.alarms()) await client.disarm(alarm)
          expect(await client.alarms()).toEqual([])
          await client.put('/a', 'three')
        } finally {
          await place.clear()
        }
      },
    )

    it('of a member that is not there any more is read and disarmed as well', async () => {
      const place = await scene()
      try {
        const member = place.keep(await testEtcd().start(release, `${place.dir}/data`))
        const { client } = member
        await raiseAlarm(member, 'NOSPACE', 'abc123')
        expect(await client.alarms()).toEqual([{ kind: 'NOSPACE', memberId: 'abc123' }])
        await client.disarm({ kind: 'NOSPACE', memberId: 'abc123' })
        expect(await client.alarms()).toEqual([])
      } finally {
        await place.clear()
      }
    })
  },
)
