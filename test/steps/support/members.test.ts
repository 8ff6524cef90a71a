import { expect, test } from 'vitest'
import { memoryWorld } from '../../../src/adapters/memory/world.ts'
import type { EtcdRelease, LocalMember } from '../../../src/ports/etcd.ts'
import { borrowMember, returnMembers } from '../../../src/steps/support/members.ts'

const release: EtcdRelease = { version: '3.5.30', minor: '3.5', etcd: 'etcd', etcdctl: 'etcdctl' }

test('the end of a run stops every member, also when one does not stop well', async () => {
  const stopped: string[] = []
  const start = async (_: EtcdRelease, dataDir: string) =>
    ({
      dataDir,
      stop: async () => {
        stopped.push(dataDir)
        if (dataDir === '/a') throw new Error('it hangs')
      },
    }) as unknown as LocalMember
  const world = memoryWorld()
  const withEtcd = { ...world, etcd: { ...world.etcd, start } }
  const { signal } = new AbortController()
  for (const dir of ['/a', '/b', '/a']) await borrowMember(withEtcd, release, dir, signal)
  await returnMembers(withEtcd)
  await returnMembers(withEtcd)
  expect(stopped.sort()).toEqual(['/a', '/b'])
})
