import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { s3Store } from '../../../src/adapters/s3/store.ts'
import { expectCode } from '../../contracts/object-store/support.ts'
import { type LabS3Fixture, labS3 } from '../../support/lab-s3.ts'
import { firstContactCases } from './first-contact.ts'

let lab: LabS3Fixture
beforeAll(async () => {
  lab = await labS3()
})
afterAll(() => lab.close())

firstContactCases("the drill's server", () => ({
  endpoint: lab.endpoint,
  accessKeyId: lab.accessKeyId,
  secretAccessKey: lab.secretAccessKey,
  bucket: 'bucket',
}))

describe('first contact', () => {
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
  const at = (endpoint: string) =>
    s3Store({ url: 's3://bucket', endpoint, credentials, env: {}, deadlines: { connect: 300, request: 300 } })

  it('a port where nothing listens', async () => {
    const error = await expectCode(at('http://127.0.0.1:1').list(''), 'STORE_UNREACHABLE')
    expect(error.message).toContain('ECONNREFUSED')
    expect(error.hint).toContain('http://127.0.0.1:1')
  })

  it('a port that never answers', async () => {
    const silent = createServer(() => undefined)
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as { port: number }
    await expectCode(at(`http://127.0.0.1:${port}`).list(''), 'STORE_UNREACHABLE')
    silent.close()
  })

  it('a name that does not resolve', async () => {
    await expectCode(at('http://no-such-host.invalid').list(''), 'STORE_UNREACHABLE')
  })

  it('credentials that have expired', async () => {
    lab.faults.add({ kind: 'answer', code: 'ExpiredToken', times: 9 })
    expect((await expectCode(lab.store().list(''), 'STORE_AUTH')).hint).toContain('log in again')
    lab.faults.clear()
  })

  it('no credentials at all', async () => {
    const { AWS_EC2_METADATA_DISABLED } = process.env
    process.env.AWS_EC2_METADATA_DISABLED = 'true'
    process.env.AWS_SHARED_CREDENTIALS_FILE = '/dev/null'
    process.env.AWS_CONFIG_FILE = '/dev/null'
    const none = s3Store({ url: 's3://bucket', endpoint: lab.endpoint, env: {} })
    expect((await expectCode(none.list(''), 'STORE_AUTH')).hint).toContain('no credentials')
    if (AWS_EC2_METADATA_DISABLED === undefined) delete process.env.AWS_EC2_METADATA_DISABLED
    delete process.env.AWS_SHARED_CREDENTIALS_FILE
    delete process.env.AWS_CONFIG_FILE
  })

  it('a bucket in another region', async () => {
    const elsewhere = await labS3({ region: 'eu-west-1' })
    const error = await expectCode(elsewhere.store({ region: 'us-east-1' }).list(''), 'STORE_MISSING')
    expect(error.hint).toContain('eu-west-1')
    await elsewhere.close()
  })

  it('a wrong clock: the SDK corrects what it learns from the answer', async () => {
    const ahead = await labS3({ now: () => Date.now() + 3_600_000 })
    await ahead.store().write('a', Buffer.from('x'))
    expect((await ahead.store().read('a')).body.toString()).toBe('x')
    ahead.faults.add({ kind: 'answer', code: 'RequestTimeTooSkewed', times: 9 })
    expect((await expectCode(ahead.store().list(''), 'STORE_AUTH')).hint).toContain('clock')
    await ahead.close()
  })

  it('takes the endpoint and the credentials from kOps variables', async () => {
    const env = {
      S3_ENDPOINT: lab.endpoint,
      S3_REGION: 'us-east-1',
      S3_ACCESS_KEY_ID: lab.accessKeyId,
      S3_SECRET_ACCESS_KEY: lab.secretAccessKey,
    }
    const store = s3Store({ url: 's3://bucket/env/', env })
    expect(store.url).toBe('s3://bucket/env')
    await store.write('a', Buffer.from('x'))
    expect((await store.list('')).map((object) => object.key)).toEqual(['a'])
  })
})
