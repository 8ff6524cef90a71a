import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EtcdRelease, LocalMember } from '../../src/ports/etcd.ts'
import { liveAs } from './support/kv-client.ts'
import { etcd, memberDir, oneRelease } from './support/member-dir.ts'
import { runStep } from './support/step.ts'

const LEASE = '/registry/masterleases/10.0.0.1'
const keys = { [LEASE]: 'x', '/registry/pods/default/a': 'one', '/registry/pods/default/b': 'two' }

let dir: string
let release: EtcdRelease
const put = async ({ client }: Pick<LocalMember, 'client'>, all: Record<string, string>) => {
  for (const [key, value] of Object.entries(all)) await client.put(key, value)
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rescue-step-'))
  release = await oneRelease()
  await memberDir(join(dir, 'trial'), (member) => put(member, keys))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

/** The running cluster: an etcd that got these keys one by one, as etcd-manager puts them, then what came later. */
async function verify(name: string, restored: Record<string, string>, later: Record<string, string> = {}) {
  const dataDir = join(dir, `${name}-trial`)
  await cp(join(dir, 'trial'), dataDir, { recursive: true })
  const live = await etcd.start(release, join(dir, name))
  try {
    await put(live, restored)
    await put(live, later)
    const facts = {
      expected: { keys: 3, digest: '', revision: 4, dataDir, minor: release.minor, dataBytes: 100 },
      restoredLive: { clusterId: 'c', seconds: 1, liveRevision: 4 },
    }
    const client = { ...live.client, close: async () => {} }
    return await runStep('verify-data', { facts, world: { etcd, live: liveAs(() => client) } })
  } finally {
    await live.stop()
  }
}

describe('verify-data', () => {
  test('every key and value the same; what was written since does not count', async () => {
    const { gives } = await verify('same', keys, {
      '/registry/pods/default/c': 'new',
      '/registry/pods/default/a': 'now',
    })
    expect(gives).toEqual({ verified: { keysExpected: 3, keysFound: 3, digestMatches: true, explained: {} } })
  })

  test('a masterlease may differ, and is counted with its reason', async () => {
    const { gives, notes } = await verify('lease', { ...keys, [LEASE]: 'renewed' })
    expect(gives).toMatchObject({ verified: { keysExpected: 2, keysFound: 2, digestMatches: true } })
    expect(notes[0]).toMatch(/^1 keys differ and may: masterleases/)
  })

  test('a lost and a changed key are NOT_VERIFIED, named without their values', async () => {
    const wrong = verify('wrong', {
      [LEASE]: 'x',
      '/registry/pods/default/b': 'secret',
      '/registry/pods/default/x': 'y',
    })
    await expect(wrong).rejects.toMatchObject({
      code: 'NOT_VERIFIED',
      message: /pods\/default\/a" missing.*b" changed/,
    })
    await expect(wrong).rejects.not.toThrow(/secret/)
  })
})
