import { afterAll } from 'vitest'
import { s3Store } from '../../../src/adapters/s3/store.ts'
import { objectStoreContract } from '../../contracts/object-store.ts'
import { startRgw } from '../../support/rgw.ts'
import { makeBucket, openUploads } from '../../support/s3-bucket.ts'
import { tellSkipped } from '../../support/skip.ts'
import { firstContactCases } from './first-contact.ts'

const rgw = await startRgw()

if ('skipped' in rgw) {
  tellSkipped(`needs Ceph RGW: ${rgw.skipped}`, 'S3 on Ceph RGW')
} else {
  objectStoreContract('S3 on Ceph RGW', async () => {
    const bucket = await makeBucket(rgw)
    const { endpoint, accessKeyId, secretAccessKey } = rgw
    const make = () =>
      s3Store({ url: `s3://${bucket}/some/prefix`, endpoint, credentials: { accessKeyId, secretAccessKey } })
    return { store: make(), other: make(), leftovers: () => openUploads(rgw, bucket) }
  })
  firstContactCases('Ceph RGW', () => ({ ...rgw, bucket: 'er-not-made' }))
  afterAll(() => rgw.close())
}
