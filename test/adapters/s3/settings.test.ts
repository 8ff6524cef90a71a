import { Readable } from 'node:stream'
import { GetObjectCommand, HeadObjectCommand, PutBucketVersioningCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openStore } from '../../../src/adapters/open-store.ts'
import { placeOf, settingsOf } from '../../../src/adapters/s3/options.ts'
import { openBackupStore } from '../../../src/app/stores.ts'
import type { Config } from '../../../src/config/index.ts'
import { parseConfig } from '../../../src/config/parse.ts'
import { expectCode } from '../../contracts/object-store/support.ts'
import { type LabS3Fixture, labS3 } from '../../support/lab-s3.ts'
import { plainClient } from '../../support/s3-bucket.ts'

describe('settings of an S3 store', () => {
  let lab: LabS3Fixture
  beforeAll(async () => {
    lab = await labS3()
  })
  afterAll(() => lab.close())
  const head = (key: string) => plainClient(lab).send(new HeadObjectCommand({ Bucket: 'bucket', Key: `prefix/${key}` }))

  it.each([
    [{ mode: 'AES256' as const }, 'AES256', undefined],
    [{ mode: 'aws:kms' as const, kmsKeyId: 'alias/etcd' }, 'aws:kms', 'alias/etcd'],
  ])('asks for the encryption %j, for small and for large objects', async (sse, mode, kmsKeyId) => {
    const store = lab.store({ sse })
    await store.write('small', Buffer.from('x'))
    await store.upload('large', Readable.from([Buffer.alloc(17 << 20)]))
    for (const key of ['small', 'large']) {
      expect(await head(key)).toMatchObject({ ServerSideEncryption: mode })
      expect((await head(key)).SSEKMSKeyId).toBe(kmsKeyId)
    }
  })

  it('takes encryption and checksums from the configuration file', async () => {
    const { s3 } = parseConfig('s3: { encryption: aws:kms, kmsKeyId: alias/etcd, checksums: when-required }', 'x.yaml')
    const env = { S3_ACCESS_KEY_ID: lab.accessKeyId, S3_SECRET_ACCESS_KEY: lab.secretAccessKey }
    const store = await openBackupStore(
      's3://bucket/prefix',
      { s3: { ...s3, endpoint: lab.endpoint } as Config['s3'] },
      env,
    )
    await store.write('configured', Buffer.from('x'))
    expect(await head('configured')).toMatchObject({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: 'alias/etcd' })
  })

  it('sends no encryption header by itself: the bucket decides', async () => {
    await lab.store().write('plain', Buffer.from('x'))
    expect((await head('plain')).ServerSideEncryption).toBeUndefined()
  })

  it.each(['when-supported', 'when-required'] as const)('works with checksums %s', async (checksums) => {
    const store = lab.store({ checksums })
    await store.write('sum', Buffer.from('hello'))
    await store.upload('sum-large', Readable.from([Buffer.alloc(17 << 20)]))
    expect((await store.read('sum')).body.toString()).toBe('hello')
    const answer = await plainClient(lab).send(
      new GetObjectCommand({ Bucket: 'bucket', Key: 'prefix/sum', ChecksumMode: 'ENABLED' }),
    )
    expect(answer.ChecksumCRC32 !== undefined).toBe(checksums === 'when-supported')
  })

  it('removes all versions where it is told to', async () => {
    lab.createBucket('versioned')
    await plainClient(lab).send(
      new PutBucketVersioningCommand({ Bucket: 'versioned', VersioningConfiguration: { Status: 'Enabled' } }),
    )
    const requests: string[] = []
    const store = lab.store({ url: 's3://versioned', onCall: (call) => requests.push(call.operation) })
    for (const text of ['1', '2', '3']) await store.write('secret', Buffer.from(text))
    await store.write('secret-other', Buffer.from('stays'))
    await store.remove('secret')
    await store.remove('secret', { allVersions: true })
    expect(requests.filter((name) => name === 'DeleteObject').length).toBeGreaterThanOrEqual(6)
    requests.length = 0
    await store.remove('secret-never', { allVersions: true })
    expect((await store.list('')).map((object) => object.key)).toEqual(['secret-other'])
  })
})

describe('where a store is', () => {
  it.each([
    ['s3://bucket', { url: 's3://bucket', bucket: 'bucket', prefix: '' }],
    ['s3://bucket/', { url: 's3://bucket', bucket: 'bucket', prefix: '' }],
    ['s3://my.bucket-1/a/b:c/', { url: 's3://my.bucket-1/a/b:c', bucket: 'my.bucket-1', prefix: 'a/b:c/' }],
  ])('%s', (url, place) => expect(placeOf(url)).toEqual(place))

  it.each(['s3://', 's3:///a', 'http://x', 'gs://bucket/x', '/dir', 'file://relative', 'file://'])(
    'refuses %s',
    async (url) => {
      await expectCode((async () => openStore(url))(), 'USAGE')
    },
  )

  it('lets explicit options win over the environment', () => {
    const env = { S3_ENDPOINT: 'host:9000', S3_REGION: 'r1', S3_ACCESS_KEY_ID: 'a', S3_SECRET_ACCESS_KEY: 'b' }
    const fromEnv = settingsOf({ url: 's3://b', env })
    expect(fromEnv).toMatchObject({ endpoint: 'https://host:9000', region: 'r1', forcePathStyle: true })
    const explicit = settingsOf({
      url: 's3://b',
      env,
      endpoint: 'http://x',
      region: 'r2',
      forcePathStyle: false,
      profile: 'p',
    })
    expect(explicit).toEqual({
      endpoint: 'http://x',
      region: 'r2',
      forcePathStyle: false,
      profile: 'p',
      credentials: undefined,
    })
  })
})
