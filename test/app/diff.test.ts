import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { diffSources } from '../../src/app/diff.ts'
import { liveKv, openFileSource } from '../../src/bolt/index.ts'
import { memberDir } from '../steps/support/member-dir.ts'
import { testSession } from '../support/session.ts'
import { configMapValue, kubeCopy, objects, secretValue } from './support/kube-copy.ts'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rescue-diff-'))
  await kubeCopy(dir, 'b')
})
afterAll(() => rm(dir, { recursive: true, force: true }))

const diff = (a: string, b: string) => diffSources(testSession(dir), { a, b, etcdCluster: 'main', limit: 50 })

test('a copy differs in nothing from itself', async () => {
  const value = await diff('b', 'b')
  const keys = Object.keys(objects).length
  expect(value).toMatchObject({ same: keys, sameCluster: true, objects: [], kinds: [], a: { keys }, b: { keys } })
  expect(value.totals).toEqual({ comesBack: 0, isLost: 0, changes: 0 })
})

test('what was changed, deleted and made since is what is changed, comes back and is lost', async () => {
  await cp(join(dir, 'b'), join(dir, 'a'), { recursive: true })
  await memberDir(join(dir, 'a'), async ({ client }) => {
    const pod = await client.get('/registry/pods/default/web')
    await client.deleteIfUnchanged(Buffer.from('/registry/pods/default/web'), pod?.modRevision ?? 0)
    await client.put('/registry/secrets/kube-system/other', secretValue('other', { password: Buffer.from('y') }))
    await client.put('/registry/configmaps/default/new', configMapValue('new', {}))
  })
  const { objects: found, totals, phantoms, a, b, sameCluster } = await diff('a', 'b')
  expect(found.map(({ what, key }) => `${what} ${key}`).sort()).toEqual([
    'changes /registry/secrets/kube-system/other',
    'comes-back /registry/pods/default/web',
    'is-lost /registry/configmaps/default/new',
  ])
  expect(totals).toEqual({ comesBack: 1, isLost: 1, changes: 1 })
  expect(phantoms.count).toBe(1)
  expect(sameCluster).toBe(true)
  expect((a.revision ?? 0) - (b.revision ?? 0)).toBe(3)
})

test('what is only in a WAL is told, as recover will bring it back', async () => {
  // of its own for each attempt: a second one must not write the same keys again
  const killed = `killed-${Date.now()}`
  await memberDir(
    join(dir, killed),
    async ({ client }) => {
      for (let at = 0; at < 50; at++) await client.put(`/registry/configmaps/default/${at}`, 'x')
    },
    'killed',
  )
  const { b, notes } = await diff('b', killed)
  const source = await openFileSource(join(dir, killed, 'member/snap/db'))
  let inDatabase = 0
  for await (const _ of liveKv(source)) inDatabase++
  await source.close()
  expect(b.keys).toBe(inDatabase)
  expect(inDatabase + (b.walWrites ?? 0)).toBe(50)
  expect(notes.length).toBe(b.walWrites === 0 || b.walWrites === undefined ? 0 : 1)
})

test('an unknown copy is one clear error', async () => {
  await expect(diff('b', 'not-there')).rejects.toMatchObject({ code: 'LOCAL_FILE', hint: /scan/ })
})
