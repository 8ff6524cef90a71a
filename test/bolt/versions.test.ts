import { execFile } from 'node:child_process'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkDb, inspectDb, liveKv, openFileSource } from '../../src/bolt/index.ts'
import { createKvDigest, digestClient } from '../../src/digest/index.ts'
import type { EtcdRelease, LocalMember } from '../../src/ports/etcd.ts'
import { etcdReleases, fill, noEtcd, scene, testEtcd } from '../support/etcd.ts'
import { dbOf, etcdctl, liveALittle } from './support.ts'

const exec = promisify(execFile)
const releases = await etcdReleases()
const etcd = testEtcd()

/** What etcd's own tool says of a database file. */
async function statusOf({ etcdutl, etcdctl: ctl }: EtcdRelease, file: string) {
  const { stdout } = await exec(etcdutl ?? ctl, ['snapshot', 'status', '-w', 'json', file], {
    env: { ...process.env, ETCDCTL_API: '3' },
    timeout: 30_000,
  })
  return JSON.parse(stdout) as { revision: number; totalKey: number; totalSize: number }
}

/** Reads the file with our reader only. */
async function read(file: string) {
  const source = await openFileSource(file)
  try {
    const inspection = await inspectDb(source, { digest: createKvDigest() })
    const scan = await checkDb(source)
    const records = new Map<string, object>()
    for await (const { key, value, ...rest } of liveKv(source)) {
      expect(records.has(key.toString('latin1'))).toBe(false)
      records.set(key.toString('latin1'), { value: value.toString('latin1'), ...rest })
    }
    return { inspection, scan, records }
  } finally {
    await source.close()
  }
}

async function agreesWithTools(release: EtcdRelease, file: string) {
  const status = await statusOf(release, file)
  const found = await read(file)
  const { inspection, scan } = found
  expect(inspection.findings).toEqual([])
  // 3.6 and later count keys, before that it was the entries of every bucket
  const totalKey = /^3\.[45]$/.test(release.minor) ? inspection.totalKeys : inspection.keys
  expect({ totalKey, totalSize: inspection.totalSize }).toEqual({
    totalKey: status.totalKey,
    totalSize: status.totalSize,
  })
  expect(inspection.revision).toBe(Math.max(status.revision, inspection.compactRevision))
  const { keys, revision, revisions, bytes, tombstones, sizeInUseBytes } = scan
  expect(inspection).toMatchObject({ keys, revision, revisions, bytes, tombstones, sizeInUseBytes })
  expect(found.records.size).toBe(keys)
  return found
}

/** The same keys and values as an etcd serves that was restored from the file. */
async function agreesWithEtcd(here: Awaited<ReturnType<typeof scene>>, release: EtcdRelease, file: string) {
  const found = await agreesWithTools(release, file)
  const dataDir = `${file}-restored`
  await etcd.restore(release, file, dataDir, { skipHashCheck: true })
  const member = here.keep(await etcd.start(release, dataDir))
  const served = new Map<string, object>()
  for await (const { key, value, createRevision, modRevision, version, lease } of member.client.range()) {
    const record = { value: value.toString('latin1'), createRevision, modRevision, version, lease }
    served.set(key.toString('latin1'), record)
  }
  const { digest } = await digestClient(member.client)
  const { revision } = await member.client.status()
  await member.stop()
  expect(served).toEqual(found.records)
  expect(found.inspection).toMatchObject({ digest, revision })
  return found.inspection
}

describe.skipIf(releases.length === 0)(
  `what is in a database (${releases.length === 0 ? noEtcd : 'real etcds'})`,
  () => {
    let here: Awaited<ReturnType<typeof scene>>
    beforeAll(async () => {
      here = await scene()
    })
    afterAll(() => here.clear())

    async function copyDb(member: LocalMember, name: string): Promise<string> {
      const file = join(here.dir, `${name}.db`)
      await copyFile(dbOf(member), file)
      return file
    }

    for (const release of releases) {
      it(`${release.version}: copied live, killed, compacted, defragmented, with auth, agrees with etcd's tools and etcd`, async () => {
        const dataDir = join(here.dir, release.version)
        let member = here.keep(await etcd.start(release, dataDir))
        await liveALittle(member)
        await member.client.put(
          '/registry/secrets/ns/sealed',
          Buffer.from('k8s:enc:aescbc:v1:key1:\x00\x01\xfe', 'latin1'),
        )
        for (let at = 0; at < 12; at++) await member.client.put(`/registry/large/${at}`, Buffer.alloc(70_000 * at, 'x'))
        // etcd writes to its file every 100 ms
        await new Promise((resolve) => setTimeout(resolve, 500))
        const live = await agreesWithEtcd(here, release, await copyDb(member, `${release.version}-live`))
        expect(live.leases).toMatchObject({ count: 1, list: [{ ttl: 600 }] })
        expect(live.keysWithLease).toBe(1)
        expect(live.largest[0]).toEqual({ key: Buffer.from('/registry/large/11'), bytes: 770_000 })
        expect(live.largest).toHaveLength(10)
        expect(live.newest[0]).toMatchObject({ key: Buffer.from('/registry/large/11'), modRevision: live.revision })
        expect(live.kinds['/registry/large']).toMatchObject({ keys: 12, historyRecords: 0 })
        expect(live.auth).toEqual({ enabled: false, users: 0, roles: 0 })

        await fill(member, 300, 2000)
        await fill(member, 100)
        process.kill(member.pid, 'SIGKILL')
        await member.stop()
        await agreesWithEtcd(here, release, await copyDb(member, `${release.version}-killed`))

        member = here.keep(await etcd.start(release, dataDir))
        const { revision } = await member.client.status()
        await etcdctl(member, 'compact', '--physical', String(revision))
        await etcdctl(member, 'defrag')
        await member.stop()
        const small = await agreesWithEtcd(here, release, await copyDb(member, `${release.version}-defragmented`))
        expect(small.compactRevision).toBe(revision)
        expect(small.revisions).toBe(small.keys)

        member = here.keep(await etcd.start(release, dataDir))
        await etcdctl(member, 'user', 'add', 'root:secret')
        await etcdctl(member, 'user', 'grant-role', 'root', 'root').catch(() => {})
        await etcdctl(member, 'auth', 'enable')
        await member.stop()
        const { inspection } = await agreesWithTools(release, await copyDb(member, `${release.version}-auth`))
        expect(inspection.auth).toMatchObject({ enabled: true, users: 1 })
      }, 90_000)
    }

    // 5 million are made by `npm run bench -- revisions`: a minute, and 600 MB
    it('tens of thousands of revisions of a few keys', async () => {
      const release = releases.at(-1)
      if (!release) throw new Error(noEtcd)
      const member = here.keep(await etcd.start(release, join(here.dir, 'many')))
      for (let round = 0; round < 100; round++)
        await Promise.all(Array.from({ length: 300 }, (_, at) => member.client.put(`/k/${(at * 7) % 211}`, `${round}`)))
      const { revision } = await member.client.status()
      await member.stop()
      const found = await agreesWithEtcd(here, release, await copyDb(member, 'many'))
      expect(found).toMatchObject({ revision, keys: 211, revisions: 30_000 })
      expect(found.kinds['/k']).toMatchObject({ keys: 211, historyRecords: 29_789 })
    }, 60_000)
  },
)
