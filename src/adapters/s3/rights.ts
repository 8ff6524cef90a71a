import type { S3Place } from './options.ts'

/** The right that each request needs, by Amazon's list of actions for S3. `docs/store-rights.md` says what each is for. */
export const RIGHTS: Readonly<Record<string, string>> = {
  ListObjectsV2: 's3:ListBucket',
  ListObjectVersions: 's3:ListBucketVersions',
  HeadObject: 's3:GetObject',
  GetObject: 's3:GetObject',
  PutObject: 's3:PutObject',
  CreateMultipartUpload: 's3:PutObject',
  UploadPart: 's3:PutObject',
  CompleteMultipartUpload: 's3:PutObject',
  AbortMultipartUpload: 's3:AbortMultipartUpload',
  DeleteObject: 's3:DeleteObject',
  DeleteObjectVersion: 's3:DeleteObjectVersion',
}

/** What an operator asks their administrator for. */
export function rightFor({ operation, place }: { operation: string; place: S3Place }): string {
  const name = Object.keys(RIGHTS).find((known) => operation === known || operation.startsWith(`${known} `))
  const right = RIGHTS[name ?? ''] ?? 'a right'
  const arn = `arn:aws:s3:::${place.bucket}`
  const onBucket = right === 's3:ListBucket' || right === 's3:ListBucketVersions'
  return `they need ${right} on ${onBucket ? arn : `${arn}/${place.prefix}*`} (all rights: docs/store-rights.md)`
}
