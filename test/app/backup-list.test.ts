import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pLimit from 'p-limit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listStoreBackups } from '../../src/app/backups.ts'
import { backupName, DATA_FILE, encodeMeta, META_FILE } from '../../src/etcd-manager/backups.ts'
import { backupLines } from '../../src/ui/backups.ts'
import { type LabS3Fixture, labS3 } from '../support/lab-s3.ts'
import { testSession } from '../support/session.ts'

const COUNT = 2000
const FIRST = Date.parse('2026-01-01T00:00:00Z')
const asked: string[] = []
let dir: string
let lab: LabS3Fixture

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'er-list-'))
  lab = await labS3({ onRequest: ({ operation }) => void asked.push(operation) })
  const store = lab.store({ url: 's3://bucket/x.example.com/backups/etcd/main' })
  const meta = encodeMeta({ etcdVersion: '3.5.30', memberCount: 3, at: new Date(FIRST) })
  const limit = pLimit(16)
  const put = async (index: number) => {
    const name = backupName(new Date(FIRST + index * 3_600_000), index)
    await store.write(`${name}/${DATA_FILE}`, Buffer.from('x'))
    await store.write(`${name}/${META_FILE}`, meta)
  }
  await Promise.all(Array.from({ length: COUNT }, (_, index) => limit(() => put(index))))
  const { endpoint } = lab
  const s3 = JSON.stringify({ endpoint, region: 'us-east-1' })
  await writeFile(join(dir, 'etcd-rescue.yaml'), `cluster: x.example.com\nstate: s3://bucket\ns3: ${s3}\n`)
}, 300_000)
afterAll(async () => {
  await lab.close()
  await rm(dir, { recursive: true })
})

const list = async (etcdVersion: boolean) => {
  const { accessKeyId, secretAccessKey } = lab
  const env = { S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey }
  const session = testSession(dir, { sources: { env, cwd: dir, config: join(dir, 'etcd-rescue.yaml') } })
  asked.length = 0
  return listStoreBackups(session, { etcdCluster: 'main', etcdVersion })
}
const times = (operation: string) => asked.filter((one) => one === operation).length

test('the list of 2,000 backups is four pages of names, and ten metas', async () => {
  const value = await list(false)
  expect(value.backups).toHaveLength(COUNT)
  expect(value.backups[0]).toEqual({
    name: backupName(new Date(FIRST), 0),
    createdAt: '2026-01-01T00:00:00.000Z',
    gzBytes: 1,
  })
  expect(value.backups.at(-1)).toMatchObject({ etcdVersion: '3.5.30' })
  expect([times('ListObjectsV2'), times('GetObject'), asked.length]).toEqual([4, 10, 14])
  const lines = backupLines(value)
  expect(lines[3]).toMatch(/ \?$/)
  expect(lines.at(-1)).toMatch(/^only the newest 10 were read; .*: etcd-rescue backup list --etcd-version$/)
})

test('--etcd-version reads each meta once', async () => {
  const value = await list(true)
  expect(value.backups.filter(({ etcdVersion }) => etcdVersion === '3.5.30')).toHaveLength(COUNT)
  expect([times('ListObjectsV2'), times('GetObject'), asked.length]).toEqual([4, COUNT, COUNT + 4])
  expect(backupLines(value).at(-1)).not.toMatch(/only the newest/)
}, 120_000)
