import { randomBytes } from 'node:crypto'
import {
  CreateBucketCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  RestoreObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import type { Lab } from '../../src/lab/index.ts'

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

/** Puts an object of which only the name, size and class are given out, as Glacier does. `url`: `s3://bucket/key`. */
export function archive(env: Lab['env'], url: string, body: Buffer): Promise<void> {
  return once(env, (client) =>
    client.send(new PutObjectCommand({ ...placeOf(url), Body: body, StorageClass: 'GLACIER' })),
  )
}

/** What the hint of an archived object says to do. */
export function bringBack(env: Lab['env'], url: string): Promise<void> {
  return once(env, (client) => client.send(new RestoreObjectCommand({ ...placeOf(url), RestoreRequest: { Days: 7 } })))
}

function placeOf(url: string): { Bucket: string; Key: string } {
  const { host, pathname } = new URL(url)
  return { Bucket: host, Key: pathname.slice(1) }
}

async function once(env: Lab['env'], use: (client: S3Client) => Promise<unknown>): Promise<void> {
  const client = plainClient(accessOf(env))
  await use(client).finally(() => client.destroy())
}

/** As a sandbox gives it to the command line. */
export function accessOf({ S3_ENDPOINT = '', S3_ACCESS_KEY_ID = '', S3_SECRET_ACCESS_KEY = '' }: Lab['env']): S3Access {
  return { endpoint: S3_ENDPOINT, accessKeyId: S3_ACCESS_KEY_ID, secretAccessKey: S3_SECRET_ACCESS_KEY }
}
