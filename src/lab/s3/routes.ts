import * as settings from './bucket-settings.ts'
import type { Operation, Target } from './exchange.ts'
import { listObjectsV1, listObjectsV2, listVersions } from './listings.ts'
import * as multipart from './multipart.ts'
import { deleteObject, deleteObjects } from './object-delete.ts'
import { getObject, restoreObject } from './object-read.ts'
import { putObject } from './object-write.ts'
import { S3Error } from './s3-error.ts'

type Route = [operation: string, run: Operation]

const missing = (code: ConstructorParameters<typeof S3Error>[0]): Operation => {
  return (exchange) => {
    exchange.bucket()
    throw new S3Error(code)
  }
}

/** `METHOD subresource`, for a bucket. Without one: the bucket itself. */
const BUCKET: Record<string, Route> = {
  'PUT ': ['CreateBucket', settings.createBucket],
  'DELETE ': ['DeleteBucket', settings.deleteBucket],
  'HEAD ': ['HeadBucket', settings.headBucket],
  'GET ': ['ListObjects', listObjectsV1],
  'GET list-type': ['ListObjectsV2', listObjectsV2],
  'GET versions': ['ListObjectVersions', listVersions],
  'GET uploads': ['ListMultipartUploads', multipart.listUploads],
  'POST delete': ['DeleteObjects', deleteObjects],
  'GET location': ['GetBucketLocation', settings.getLocation],
  'GET versioning': ['GetBucketVersioning', settings.getVersioning],
  'PUT versioning': ['PutBucketVersioning', settings.putVersioning],
  'GET encryption': ['GetBucketEncryption', settings.getEncryption],
  'PUT encryption': ['PutBucketEncryption', settings.putEncryption],
  'DELETE encryption': ['DeleteBucketEncryption', settings.deleteEncryption],
  'GET lifecycle': ['GetBucketLifecycleConfiguration', settings.getLifecycle],
  'PUT lifecycle': ['PutBucketLifecycleConfiguration', settings.putLifecycle],
  'DELETE lifecycle': ['DeleteBucketLifecycle', settings.deleteLifecycle],
  'GET policy': ['GetBucketPolicy', missing('NoSuchBucketPolicy')],
  'GET tagging': ['GetBucketTagging', missing('NoSuchTagSet')],
}

const OBJECT: Record<string, Route> = {
  'PUT ': ['PutObject', putObject],
  'GET ': ['GetObject', getObject],
  'HEAD ': ['HeadObject', getObject],
  'DELETE ': ['DeleteObject', deleteObject],
  'POST restore': ['RestoreObject', restoreObject],
  'POST uploads': ['CreateMultipartUpload', multipart.createUpload],
  'PUT uploadId': ['UploadPart', multipart.uploadPart],
  'POST uploadId': ['CompleteMultipartUpload', multipart.completeUpload],
  'DELETE uploadId': ['AbortMultipartUpload', multipart.abortUpload],
  'GET uploadId': ['ListParts', multipart.listParts],
}

const SUBRESOURCES = [
  ...['list-type', 'versions', 'uploads', 'uploadId', 'delete', 'location', 'versioning', 'encryption', 'lifecycle'],
  ...['policy', 'policyStatus', 'tagging', 'acl', 'cors', 'object-lock', 'notification', 'replication', 'logging'],
  ...[
    'website',
    'ownershipControls',
    'publicAccessBlock',
    'torrent',
    'retention',
    'legal-hold',
    'attributes',
    'select',
    'restore',
  ],
]

/** The operation of a request. What the server can't do is refused, never mistaken for something else. */
export function routeOf(method: string, { bucketName, key, query }: Target): Route {
  if (bucketName === '') {
    if (method === 'GET') return ['ListBuckets', settings.listBuckets]
    throw new S3Error('MethodNotAllowed')
  }
  const subresource = SUBRESOURCES.find((name) => query.has(name)) ?? ''
  const route = (key === '' ? BUCKET : OBJECT)[`${method} ${subresource}`]
  if (!route) throw new S3Error('NotImplemented', { Operation: `${method} ${subresource}` })
  return route
}
