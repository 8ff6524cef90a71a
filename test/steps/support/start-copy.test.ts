import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { memoryWorld } from '../../../src/adapters/memory/world.ts'
import { authFlagAt, openFileSource, peekDb } from '../../../src/bolt/index.ts'
import { startCopy, turnAuthOff } from '../../../src/steps/support/start-copy.ts'
import { etcdReleases } from '../../support/etcd.ts'
import { enableAuth } from '../../support/member-state.ts'
import { etcd, memberDir, putPods } from './member-dir.ts'
import { tempDir } from './temp.ts'

const inDb = async (dir: string) => {
  const source = await openFileSource(join(dir, 'member/snap/db'))
  try {
    return { at: await authFlagAt(source), ...(await peekDb(source)) }
  } finally {
    await source.close()
  }
}

const releases = await etcdReleases()

test.each(releases)(
  'etcd $version: authentication is turned off in a copy, whose keys can be read then',
  async (release) => {
    const dir = await tempDir()
    const member = await etcd.start(release, dir)
    await putPods(member, 0, 20)
    // 3.4 enables it again at each start, where nothing was written since
    const isLast = release.minor !== '3.4'
    enableAuth(member, isLast ? {} : { key: '/registry/pods/default/last' })
    // what enables it may be in the log alone
    process.kill(member.pid, 'SIGKILL')
    await member.stop()
    const copy = await tempDir()
    await cp(join(dir, 'member'), join(copy, 'member'), { recursive: true })
    await expect(etcd.start(release, dir, { forceNewCluster: true })).rejects.toMatchObject({
      code: 'PRECONDITION',
      message: /has authentication enabled/,
    })
    expect(await inDb(dir)).toMatchObject({ authEnabled: true, at: expect.any(Number) })
    const started = await startCopy(memoryWorld({ etcd }), release, copy, { forceNewCluster: true })
    onTestFinished(() => started.stop())
    expect(started.authWasOn).toBe(true)
    expect(await started.client.count()).toBe(isLast ? 20 : 21)
    await started.stop()
    expect(await inDb(copy)).toMatchObject({ authEnabled: false, at: undefined })
  },
)

test('a copy without is started as it is', async () => {
  const dir = await tempDir()
  const release = await memberDir(dir, (member) => putPods(member, 0, 3))
  expect(await turnAuthOff(dir)).toBe(false)
  const started = await startCopy(memoryWorld({ etcd }), release, dir, {})
  onTestFinished(() => started.stop())
  expect(started.authWasOn).toBeUndefined()
})
