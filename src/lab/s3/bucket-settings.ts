import type { Bucket } from './bucket.ts'
import type { Answer, Exchange } from './exchange.ts'
import type { LifecycleRule } from './model.ts'
import { textOfPayload } from './payload.ts'
import { S3Error } from './s3-error.ts'
import { childrenOf, parseXml, textOf, type XmlNode, xmlDocument } from './xml.ts'

const OK: Answer = { status: 200 }
const GONE: Answer = { status: 204 }

async function documentOf(exchange: Exchange): Promise<XmlNode> {
  return parseXml(await textOfPayload(exchange.payload()))
}

function saved(bucket: Bucket, answer: Answer): Answer {
  bucket.saveSettings()
  return answer
}

export function getVersioning(exchange: Exchange): Answer {
  const { versioning } = exchange.bucket().settings
  const Status = versioning === 'Off' ? undefined : versioning
  return { status: 200, body: xmlDocument('VersioningConfiguration', { Status }) }
}

export async function putVersioning(exchange: Exchange): Promise<Answer> {
  const bucket = exchange.bucket()
  const status = textOf(await documentOf(exchange), 'Status')
  if (status !== 'Enabled' && status !== 'Suspended') throw new S3Error('MalformedXML')
  bucket.settings.versioning = status
  return saved(bucket, OK)
}

/** AWS encrypts every bucket and says so; etcd-manager asks before each write (FACTS 6). */
export function getEncryption(exchange: Exchange): Answer {
  const { algorithm, keyId } = exchange.bucket().settings.encryption ?? { algorithm: 'AES256', keyId: undefined }
  const ApplyServerSideEncryptionByDefault = { SSEAlgorithm: algorithm, KMSMasterKeyID: keyId }
  const Rule = { ApplyServerSideEncryptionByDefault, BucketKeyEnabled: false }
  return { status: 200, body: xmlDocument('ServerSideEncryptionConfiguration', { Rule }) }
}

export async function putEncryption(exchange: Exchange): Promise<Answer> {
  const bucket = exchange.bucket()
  const path = ['Rule', 'ApplyServerSideEncryptionByDefault']
  const document = await documentOf(exchange)
  const algorithm = textOf(document, ...path, 'SSEAlgorithm')
  const keyId = textOf(document, ...path, 'KMSMasterKeyID')
  if (algorithm !== 'AES256' && algorithm !== 'aws:kms') throw new S3Error('MalformedXML')
  bucket.settings.encryption = { algorithm, ...(keyId && { keyId }) }
  return saved(bucket, OK)
}

export function deleteEncryption(exchange: Exchange): Answer {
  const bucket = exchange.bucket()
  bucket.settings.encryption = undefined
  return saved(bucket, GONE)
}

export function getLifecycle(exchange: Exchange): Answer {
  const { lifecycle } = exchange.bucket().settings
  if (lifecycle.length === 0) throw new S3Error('NoSuchLifecycleConfiguration')
  const Rule = lifecycle.map(({ id, prefix, enabled, days }) => ({
    ID: id,
    Filter: { Prefix: prefix },
    Status: enabled ? 'Enabled' : 'Disabled',
    Expiration: { Days: days },
  }))
  return { status: 200, body: xmlDocument('LifecycleConfiguration', { Rule }) }
}

export async function putLifecycle(exchange: Exchange): Promise<Answer> {
  const bucket = exchange.bucket()
  const rules = childrenOf(await documentOf(exchange), 'Rule')
  bucket.settings.lifecycle = rules.map(ruleOf)
  return saved(bucket, OK)
}

function ruleOf(node: XmlNode, index: number): LifecycleRule {
  const days = Number(textOf(node, 'Expiration', 'Days'))
  if (!Number.isInteger(days) || days < 1) throw new S3Error('NotImplemented', { Rule: 'only Expiration with Days' })
  const prefix = textOf(node, 'Filter', 'Prefix') ?? textOf(node, 'Prefix') ?? ''
  const id = textOf(node, 'ID') ?? `rule-${index + 1}`
  return { id, prefix, days, enabled: textOf(node, 'Status') === 'Enabled' }
}

export function deleteLifecycle(exchange: Exchange): Answer {
  const bucket = exchange.bucket()
  bucket.settings.lifecycle = []
  return saved(bucket, GONE)
}

export function getLocation(exchange: Exchange): Answer {
  exchange.bucket()
  const body = xmlDocument('LocationConstraint', {})
  // the oldest region is the one without a name
  const region = exchange.region === 'us-east-1' ? '' : exchange.region
  return { status: 200, body: body.replace('></LocationConstraint>', `>${region}</LocationConstraint>`) }
}

export function headBucket(exchange: Exchange): Answer {
  exchange.bucket()
  return { status: 200, headers: { 'x-amz-bucket-region': exchange.region } }
}

export function createBucket(exchange: Exchange): Answer {
  exchange.buckets.create(exchange.bucketName)
  return { status: 200, headers: { location: `/${exchange.bucketName}` } }
}

export function deleteBucket(exchange: Exchange): Answer {
  exchange.buckets.remove(exchange.bucketName)
  return GONE
}

export function listBuckets(exchange: Exchange): Answer {
  const Bucket = exchange.buckets.all().map(({ name }) => ({ Name: name, CreationDate: new Date(0).toISOString() }))
  return { status: 200, body: xmlDocument('ListAllMyBucketsResult', { Owner: { ID: 'lab' }, Buckets: { Bucket } }) }
}
