import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { buildLab, type Incident, incident, type Lab, measure } from '../../src/lab/index.ts'
import type { Fault } from '../../src/lab/s3/faults.ts'
import {
  expectNothingHalfDone,
  expectOneError,
  expectRecovered,
  REBUILD,
  recover,
  resume,
  seenThrough,
  workDirs,
} from '../support/failing-run.ts'
import { labRelease } from '../support/lab-release.ts'
import { type Finished, runRescue } from '../support/rescue-process.ts'
import { type Rgw, startRgw } from '../support/rgw.ts'
import { makeBucket, openUploads } from '../support/s3-bucket.ts'
import { originalsOf } from '../support/trashed.ts'

// Each ends in seconds on a quiet machine; a busy one must not make them lie
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 })

const work = workDirs()
let lab: Lab
let before: Incident
let originals: Record<string, string>
let rgw: Rgw | { skipped: string }

beforeAll(async () => {
  lab = await buildLab({ release: await labRelease(), workers: 1, store: 's3', speed: 10, eventsDecoy: false })
  before = await incident(lab, { keys: 300, sizeBytes: 200_000, seed: 4 })
  originals = originalsOf(lab, before)
  rgw = await startRgw()
})

afterAll(async () => {
  if ('close' in rgw) await rgw.close()
  await lab?.close()
  work.clear()
})

async function nothingHappened(workDir: string) {
  await expectNothingHalfDone(lab, workDir)
  const { S3_ENDPOINT = '', S3_ACCESS_KEY_ID = '', S3_SECRET_ACCESS_KEY = '' } = lab.env
  const access = { endpoint: S3_ENDPOINT, accessKeyId: S3_ACCESS_KEY_ID, secretAccessKey: S3_SECRET_ACCESS_KEY }
  expect(await openUploads(access, 'drill-state')).toEqual([])
  expect(originalsOf(lab, before)).toEqual(originals)
}

/** `recover` while the store misbehaves towards it alone: the double's own requests are left in peace. */
async function recoverWith(fault: Fault, dir: string): Promise<Finished> {
  lab.s3Faults?.add(fault)
  return recover(lab, dir).finally(() => lab.s3Faults?.clear())
}

const ofRecovery = (asked: { key: string }) => asked.key.includes('/recovered-') && asked.key.endsWith('.gz')

test.each([
  ['secret key', { S3_SECRET_ACCESS_KEY: 'wrong' }, /SignatureDoesNotMatch/],
  ['access key', { S3_ACCESS_KEY_ID: 'NOBODY' }, /InvalidAccessKeyId/],
])('a wrong %s', async (_what, wrong, message) => {
  const dir = work.next()
  const run = await recover({ ...lab, env: { ...lab.env, ...wrong } }, dir)
  expectOneError(run, { code: 'STORE_AUTH', exit: 20, message, hint: /S3_SECRET_ACCESS_KEY/ })
  expect(run.stderr + run.stdout).not.toContain(lab.env.S3_SECRET_ACCESS_KEY)
  await nothingHappened(dir)
})

test('a bucket that is not there', async () => {
  const dir = work.next()
  const other = await seenThrough(lab, (config) => Object.assign(config, { state: 's3://no-such-state' }))
  const run = await recover(other, dir)
  expectOneError(run, { code: 'STORE_MISSING', exit: 20, message: /NoSuchBucket.*|no-such-state/, hint: /bucket/ })
  await nothingHappened(dir)
})

test('a store that answers 503 from the first request on', async () => {
  const dir = work.next()
  // the first that it writes, before the lock
  const when = ({ key }: { key: string }) => key.includes('etcd-rescue/')
  const run = await recoverWith(
    { kind: 'answer', code: 'ServiceUnavailable', times: Number.POSITIVE_INFINITY, when },
    dir,
  )
  expectOneError(run, { code: 'STORE_UNREACHABLE', exit: 20, message: /503/, hint: /s3\.endpoint/ })
  await nothingHappened(dir)
})

test('wrong bytes coming back: found before the restore is given', async () => {
  const dir = work.next()
  const when = (asked: { operation: string; key: string }) => asked.operation === 'GetObject' && ofRecovery(asked)
  const run = await recoverWith({ kind: 'wrong-bytes', at: 5000, times: Number.POSITIVE_INFINITY, when }, dir)
  expectOneError(run, {
    code: 'STORE_CORRUPT',
    exit: 30,
    message: /etcd\.backup\.gz/,
    hint: /./,
    step: 'trial-restore',
  })
  await nothingHappened(dir)
})

test('another command is pending', async () => {
  const key = 'control/2024-03-21T13:02:05Z-000000/_command.json'
  const command = {
    timestamp: '1711026125000000000',
    restoreBackup: { backup: 'another', clusterSpec: { memberCount: 3 } },
  }
  await lab.store.write(key, Buffer.from(JSON.stringify(command)))
  const dir = work.next()
  const run = await recover(lab, dir)
  const stillThere = await lab.store.head(key)
  await lab.store.remove(key)
  expectOneError(run, {
    code: 'COMMAND_PENDING',
    exit: 30,
    message: /2024-03-21T13:02:05Z-000000/,
    hint: /control show/,
    step: 'trigger-restore',
  })
  expect(stillThere).toBeDefined()
  await nothingHappened(dir)
})

test('a control file of 0 bytes', async () => {
  const key = 'control/etcd-cluster-created'
  const { body } = await lab.store.read(key)
  await lab.store.write(key, Buffer.alloc(0))
  const dir = work.next()
  const run = await recover(lab, dir, '--set', 'repair=no')
  const { body: after } = await lab.store.read(key)
  await lab.store.write(key, body)
  expectOneError(run, {
    code: 'CONTROL_FILES',
    exit: 30,
    message: /etcd-cluster-created is empty/,
    hint: /control show/,
    step: 'check-control-files',
  })
  expect(after).toHaveLength(0)
  await nothingHappened(dir)
})

test.each([
  ['missing', [], 'ANSWER_MISSING', /type the name of the cluster/],
  ['another one', ['--confirm', 'prod.example.com'], 'CONFIRMATION_WRONG', /"prod\.example\.com" is not/],
] as const)('a name to confirm that is %s', async (_what, flags, code, message) => {
  const dir = work.next()
  const run = await runRescue(lab, dir, [...REBUILD, '--yes', '--json', ...flags])
  expectOneError(run, { code, exit: 20, message, hint: /--confirm drill\.example\.com/ })
  expect(JSON.parse(run.stdout).steps).toEqual([])
  await nothingHappened(dir)
})

/** The same nodes, with their backups in a real store of another make. */
function onRgw({ endpoint, accessKeyId, secretAccessKey }: Rgw, bucket: string): Promise<Lab> {
  const env = { S3_ENDPOINT: endpoint, S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey }
  return seenThrough(lab, (config) => Object.assign(config, { state: `s3://${bucket}`, s3: { endpoint } }), env)
}

test('Ceph RGW: wrong credentials, missing bucket, no control files', async (context) => {
  if ('skipped' in rgw) return context.skip(rgw.skipped)
  const bucket = await makeBucket(rgw)
  const [wrong, missing, empty] = [work.next(), work.next(), work.next()]
  const refused = await recover(await onRgw({ ...rgw, secretAccessKey: 'wrong' }, bucket), wrong)
  expectOneError(refused, { code: 'STORE_AUTH', exit: 20, message: /SignatureDoesNotMatch/, hint: /S3_SECRET/ })
  const nowhere = await recover(await onRgw(rgw, 'no-such-state'), missing)
  expectOneError(nowhere, { code: 'STORE_MISSING', exit: 20, message: /NoSuchBucket/, hint: /bucket/ })
  const run = await recover(await onRgw(rgw, bucket), empty, '--set', 'repair=no')
  expectOneError(run, {
    code: 'CONTROL_FILES',
    exit: 30,
    message: /marker and spec are both missing/,
    hint: /repair=yes/,
    step: 'check-control-files',
  })
  expect(await openUploads(rgw, bucket)).toEqual([])
  for (const dir of [wrong, missing, empty]) await nothingHappened(dir)
})

/** The backups that recoveries published so far: those of the tests above are there too. */
async function recoveryBackups(): Promise<string[]> {
  return (await lab.store.listFolders('')).filter((name) => name.startsWith('recovered-'))
}

test('an upload that is cut every time: nothing is published, and a resumed run publishes it', async () => {
  const dir = work.next()
  const earlier = await recoveryBackups()
  const run = await recoverWith(
    { kind: 'cut-upload', at: 1000, times: Number.POSITIVE_INFINITY, when: ofRecovery },
    dir,
  )
  expectOneError(run, {
    code: 'STORE_FAILED',
    exit: 30,
    message: /upload|PutObject|UploadPart/i,
    hint: /runs resume/,
    step: 'publish-backup',
  })
  expect(await recoveryBackups()).toEqual(earlier)
  await nothingHappened(dir)
  lab.s3Faults?.add({ kind: 'answer', code: 'SlowDown', times: 3, when: ofRecovery })
  expectRecovered(await resume(lab, dir))
  expect(await measure(lab, before.uncertain)).toEqual(before.expected)
  expect(await recoveryBackups()).toHaveLength(earlier.length + 1)
})
