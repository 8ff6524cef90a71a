import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { crc32 } from 'node:zlib'
import * as s3 from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startLabS3 } from '../../../src/lab/s3/server.ts'
import { type LabS3Fixture, labS3 } from '../../support/lab-s3.ts'
import { plainClient } from '../../support/s3-bucket.ts'

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: Error) => error.name,
  )

describe("the drill's S3 server", () => {
  let lab: LabS3Fixture
  let client: s3.S3Client
  const Bucket = 'bucket'
  const put = (Key: string, Body: string, more: Partial<s3.PutObjectCommandInput> = {}) =>
    client.send(new s3.PutObjectCommand({ Bucket, Key, Body, ...more }))
  beforeAll(async () => {
    lab = await labS3()
    client = plainClient(lab)
  })
  afterAll(() => lab.close())

  it('refuses requests without a signature', async () => {
    const answer = await fetch(`${lab.endpoint}/bucket/a`, { method: 'PUT', body: 'x' })
    expect(answer.status).toBe(403)
    expect(await answer.text()).toContain('<Code>AccessDenied</Code>')
  })

  it.each([
    ['BadDigest', { ChecksumCRC32: 'AAAAAA==' }],
    ['BadDigest', { ContentMD5: createHash('md5').update('other').digest('base64') }],
    ['BadDigest', { ChecksumSHA256: createHash('sha256').update('other').digest('base64') }],
    ['InvalidDigest', { ContentMD5: 'bm90IG1kNQ==' }],
  ])('refuses a body with a wrong checksum: %s', async (code, checksum) => {
    expect(await codeOf(put('bad', 'body', checksum))).toBe(code)
    expect(await codeOf(client.send(new s3.HeadObjectCommand({ Bucket, Key: 'bad' })))).toBe('NotFound')
  })

  it.each(['CRC32', 'CRC32C', 'SHA1', 'SHA256'] as const)('takes and gives %s checksums', async (ChecksumAlgorithm) => {
    await put('sum', 'hello', { ChecksumAlgorithm })
    const { Body } = await client.send(new s3.GetObjectCommand({ Bucket, Key: 'sum', ChecksumMode: 'ENABLED' }))
    expect(await Body?.transformToString()).toBe('hello') // the SDK compares the checksum
  })

  it('keeps content type and metadata, and answers conditional reads', async () => {
    const { ETag } = await put('meta', 'x', { ContentType: 'text/plain', Metadata: { who: 'me' } })
    const head = await client.send(new s3.HeadObjectCommand({ Bucket, Key: 'meta' }))
    expect(head).toMatchObject({ ContentType: 'text/plain', Metadata: { who: 'me' }, ETag, ContentLength: 1 })
    const unchanged = new s3.GetObjectCommand({ Bucket, Key: 'meta', ...(ETag && { IfNoneMatch: ETag }) })
    const answer = await client.send(unchanged).catch((error: s3.S3ServiceException) => error)
    expect(answer.$metadata.httpStatusCode).toBe(304)
    expect(await codeOf(client.send(new s3.GetObjectCommand({ Bucket, Key: 'meta', IfMatch: '"x"' })))).toBe(
      'PreconditionFailed',
    )
  })

  it('lists in pages, by folders, in both versions of the request', async () => {
    for (const name of ['l/a/1', 'l/a/2', 'l/b', 'l/c/1', 'l/d']) await put(name, 'x')
    for (const version of [1, 2]) {
      const found: string[] = []
      let after: string | undefined
      for (let pages = 0; pages < 9; pages++) {
        const input = { Bucket, Prefix: 'l/', Delimiter: '/', MaxKeys: 1 }
        const page =
          version === 1
            ? await client.send(new s3.ListObjectsCommand({ ...input, ...(after && { Marker: after }) }))
            : await client.send(new s3.ListObjectsV2Command({ ...input, ...(after && { ContinuationToken: after }) }))
        found.push(
          ...(page.Contents ?? []).map((c) => c.Key ?? ''),
          ...(page.CommonPrefixes ?? []).map((c) => c.Prefix ?? ''),
        )
        after = 'NextMarker' in page ? page.NextMarker : (page as s3.ListObjectsV2CommandOutput).NextContinuationToken
        if (!page.IsTruncated) break
      }
      expect(found).toEqual(['l/a/', 'l/b', 'l/c/', 'l/d'])
    }
  })

  it('deletes many at once', async () => {
    await put('many/<&>"1', 'x')
    await put('many/2', 'x')
    const Objects = [{ Key: 'many/<&>"1' }, { Key: 'many/2' }, { Key: 'many/3' }]
    const answer = await client.send(new s3.DeleteObjectsCommand({ Bucket, Delete: { Objects } }))
    expect(answer.Deleted?.map((d) => d.Key)).toEqual(Objects.map((o) => o.Key))
    expect((await client.send(new s3.ListObjectsV2Command({ Bucket, Prefix: 'many/' }))).KeyCount).toBe(0)
  })

  it('takes the checksum of the whole object when an upload is completed, and compares it', async () => {
    const Key = 'composite'
    const { UploadId = '' } = await client.send(
      new s3.CreateMultipartUploadCommand({ Bucket, Key, ChecksumAlgorithm: 'CRC32' }),
    )
    const part = await client.send(new s3.UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body: 'part' }))
    const Parts = [{ PartNumber: 1, ...(part.ETag && { ETag: part.ETag }) }]
    const complete = (ChecksumCRC32: string) =>
      client.send(
        new s3.CompleteMultipartUploadCommand({ Bucket, Key, UploadId, ChecksumCRC32, MultipartUpload: { Parts } }),
      )
    expect(await codeOf(complete('AAAAAA=='))).toBe('BadDigest')
    const crc = Buffer.alloc(4)
    crc.writeUInt32BE(crc32(Buffer.from(part.ChecksumCRC32 ?? '', 'base64')))
    expect((await complete(crc.toString('base64'))).ETag).toMatch(/-1"$/)
  })

  it('answers what etcd-manager and kOps ask of a bucket', async () => {
    const { ServerSideEncryptionConfiguration } = await client.send(new s3.GetBucketEncryptionCommand({ Bucket }))
    expect(ServerSideEncryptionConfiguration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm).toBe(
      'AES256',
    )
    expect((await client.send(new s3.GetBucketLocationCommand({ Bucket }))).LocationConstraint).toBeUndefined()
    expect((await client.send(new s3.HeadBucketCommand({ Bucket }))).BucketRegion).toBe('us-east-1')
    expect(await codeOf(client.send(new s3.GetBucketAclCommand({ Bucket })))).toBe('NotImplemented')
  })

  it('keeps versions and delete markers, and goes back to them', async () => {
    lab.createBucket('versions')
    const versioned = { Bucket: 'versions', Key: 'k' }
    const VersioningConfiguration = { Status: 'Enabled' } as const
    await client.send(new s3.PutBucketVersioningCommand({ Bucket: 'versions', VersioningConfiguration }))
    const first = await client.send(new s3.PutObjectCommand({ ...versioned, Body: 'one' }))
    await client.send(new s3.PutObjectCommand({ ...versioned, Body: 'two' }))
    const marker = await client.send(new s3.DeleteObjectCommand(versioned))
    expect(marker.DeleteMarker).toBe(true)
    expect(await codeOf(client.send(new s3.GetObjectCommand(versioned)))).toBe('NoSuchKey')
    const old = await client.send(new s3.GetObjectCommand({ ...versioned, VersionId: first.VersionId ?? '' }))
    expect(await old.Body?.transformToString()).toBe('one')
    const all = await client.send(new s3.ListObjectVersionsCommand({ Bucket: 'versions' }))
    expect([all.Versions?.length, all.DeleteMarkers?.length]).toEqual([2, 1])
    await client.send(new s3.DeleteObjectCommand({ ...versioned, VersionId: marker.VersionId ?? '' }))
    expect(await (await client.send(new s3.GetObjectCommand(versioned))).Body?.transformToString()).toBe('two')
  })

  it('lets lifecycle rules delete what is older than their days', async () => {
    const quick = await labS3({ lifecycleDayMs: 400 })
    const Rule = { ID: 'old', Filter: { Prefix: 'control/' }, Status: 'Enabled', Expiration: { Days: 1 } } as const
    const LifecycleConfiguration = { Rules: [Rule] }
    await plainClient(quick).send(new s3.PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration }))
    expect((await plainClient(quick).send(new s3.GetBucketLifecycleConfigurationCommand({ Bucket }))).Rules).toEqual([
      Rule,
    ])
    const store = quick.store({ url: 's3://bucket' })
    for (const key of ['control/etcd-cluster-created', 'backup/x']) await store.write(key, Buffer.from('x'))
    for (let i = 0; i < 50 && (await store.list('')).length > 1; i++) await sleep(50)
    expect((await store.list('')).map((object) => object.key)).toEqual(['backup/x'])
    await quick.close()
  })

  it('serves the same objects after a restart, without the parts of broken uploads', async () => {
    const first = await labS3()
    await first.store().write('a', Buffer.from('kept'))
    const pending = plainClient(first)
    const { UploadId = '' } = await pending.send(new s3.CreateMultipartUploadCommand({ Bucket, Key: 'b' }))
    await pending.send(new s3.UploadPartCommand({ Bucket, Key: 'b', UploadId, PartNumber: 1, Body: 'part' }))
    const { directory, accessKeyId, secretAccessKey } = first
    const second = await startLabS3({ directory, accessKeyId, secretAccessKey })
    expect((await first.store({ endpoint: second.endpoint }).read('prefix/a'.slice(7))).body.toString()).toBe('kept')
    expect(await readdir(join(directory, Bucket, 'data'))).toHaveLength(1)
    await second.close()
    await first.close()
  })
})
