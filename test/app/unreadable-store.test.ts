import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { assessAll, obstacle, unreadableStore } from '../../src/app/recovery/assess.ts'
import type { Gathered, OfCluster } from '../../src/app/recovery/gather.ts'
import { whyNoLock } from '../../src/app/recovery/no-lock.ts'
import { RescueError } from '../../src/errors/rescue-error.ts'
import { NOW, running, trashed } from '../recovery/support.ts'
import { type LabS3Fixture, labS3 } from '../support/lab-s3.ts'
import { configOf, sessionIn } from './support.ts'

let lab: LabS3Fixture
beforeAll(async () => {
  lab = await labS3()
})
afterEach(() => lab.faults.clear())
afterAll(() => lab.close())

/** Lists, and gives out nothing. */
const refuseReads = () =>
  lab.faults.add({
    ...{ kind: 'answer', code: 'AccessDenied', times: Number.POSITIVE_INFINITY },
    when: ({ operation }) => operation === 'GetObject' || operation === 'HeadObject',
  })

function look(withoutLock = false) {
  const config = { ...configOf(['main']), s3: { endpoint: lab.endpoint, forcePathStyle: true } }
  config.etcdClusters.main = { backupStore: 's3://bucket/prefix' }
  const session = sessionIn('/')
  const env = { S3_ACCESS_KEY_ID: lab.accessKeyId, S3_SECRET_ACCESS_KEY: lab.secretAccessKey, S3_REGION: 'us-east-1' }
  return whyNoLock('main', { ...session, withoutLock, sources: { ...session.sources, env } }, config)
}

const kinds = { nodes: 0, pods: 0, namespaces: 4 }
const live = { keys: 30, clusterId: 'ff', members: ['2a', '2b', '2c'], revision: 40, kinds }
const lost: OfCluster = { copies: [...running, ...trashed], live }

/** What stops a recovery of both before the first run begins. */
function stops(found: Record<string, OfCluster>) {
  const gathered: Gathered = {
    etcdClusters: new Map(Object.entries(found)),
    unsearched: [],
    bytesPerSecond: undefined,
    fenced: false,
  }
  const assessments = assessAll(gathered, configOf(Object.keys(found)), {}, NOW)
  return { obstacle: obstacle(assessments, false), store: unreadableStore(gathered, assessments) }
}

describe('a store without any right to read', () => {
  test('is found out by the lock that every run looks at: the object and the right are named', async () => {
    expect(await look()).toBeUndefined()
    refuseReads()
    expect(await look()).toMatchObject({
      ...{
        code: 'OBJECT_UNREADABLE',
        exitCode: 20,
        message: /etcd-rescue\/lock\.json .* cannot be read: AccessDenied/,
      },
      hint: expect.stringContaining('s3:GetObject on arn:aws:s3:::bucket/prefix/etcd-rescue/lock.json'),
    })
    expect(await look(true)).toBeUndefined()
  }, 120_000)

  test('stops before the first of several runs, though the copies are on the nodes; one that is not recovered does not', async () => {
    refuseReads()
    const lockError = (await look()) as RescueError
    expect(stops({ main: lost, events: lost })).toEqual({ obstacle: undefined, store: undefined })
    expect(stops({ main: { ...lost, lockError }, events: lost })).toEqual({ obstacle: undefined, store: lockError })
    const fine: OfCluster = { copies: running, live, lockError }
    expect(stops({ events: fine, main: lost }).store).toBeUndefined()
  })

  test('one that cannot even be listed is told by that', () => {
    const storeError = new RescueError('STORE_AUTH', 'ListObjectsV2 failed', { hint: 'it needs s3:ListBucket' })
    const lockError = new RescueError('OBJECT_UNREADABLE', 'lock.json', { hint: 'it needs s3:GetObject' })
    expect(stops({ main: { ...lost, storeError, lockError } }).store).toBe(storeError)
  })
})
