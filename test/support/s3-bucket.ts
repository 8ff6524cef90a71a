import { randomBytes } from 'node:crypto'
import { CreateBucketCommand, ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3'

export interface S3Access {
  endpoint: string
  accessKeyId: string
  secretAccessKey: string
}

/** A plain SDK client, to prepare a bucket and to look behind our adapter. */
export function plainClient({ endpoint, accessKeyId, secretAccessKey }: S3Access): S3Client {
  const credentials = { accessKeyId, secretAccessKey }
  return new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials, maxAttempts: 1 })
}

export async function makeBucket(access: S3Access): Promise<string> {
  const bucket = `er-test-${randomBytes(6).toString('hex')}`
  const client = plainClient(access)
  await client.send(new CreateBucketCommand({ Bucket: bucket }))
  client.destroy()
  return bucket
}

/** Keys of multipart uploads that are neither complete nor aborted. */
export async function openUploads(access: S3Access, bucket: string): Promise<string[]> {
  const client = plainClient(access)
  const { Uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))
  client.destroy()
  return (Uploads ?? []).map((upload) => upload.Key ?? '')
}
