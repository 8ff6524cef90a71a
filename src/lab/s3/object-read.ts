import type { Bucket } from './bucket.ts'
import { type Answer, type Exchange, etagMatches, quoted } from './exchange.ts'
import type { Version } from './model.ts'
import { versionHeaders } from './object-write.ts'
import { S3Error } from './s3-error.ts'

export function getObject(exchange: Exchange): Answer {
  const bucket = exchange.bucket()
  const version = found(exchange, bucket)
  const { headers } = exchange
  if (headers['if-match'] !== undefined && !etagMatches(headers['if-match'], version.etag)) {
    throw new S3Error('PreconditionFailed', { Condition: 'If-Match' })
  }
  if (exchange.operation === 'GetObject' && isArchived(version)) {
    throw new S3Error('InvalidObjectState', { StorageClass: version.headers['x-amz-storage-class'] ?? '' })
  }
  const described = describe(bucket, version)
  if (headers['if-none-match'] !== undefined && etagMatches(headers['if-none-match'], version.etag)) {
    return { status: 304, headers: described }
  }
  const range = rangeOf(headers.range, version.size)
  if (range) described['content-range'] = `bytes ${range.start}-${range.start + range.length - 1}/${version.size}`
  else Object.assign(described, checksumHeaders(exchange, version))
  const { start, length } = range ?? { start: 0, length: version.size }
  described['content-length'] = String(length)
  const files = version.files.map(({ name, size }) => ({ path: bucket.pathOf(name), size }))
  return { status: range ? 206 : 200, headers: described, body: { files, start, length } }
}

const isArchived = ({ headers }: Version) =>
  ['GLACIER', 'DEEP_ARCHIVE'].includes(headers['x-amz-storage-class'] ?? '') &&
  !headers['x-amz-restore']?.includes('ongoing-request="false"')

/** A restore that is done when it is asked for: on S3 it takes hours. */
export async function restoreObject(exchange: Exchange): Promise<Answer> {
  const version = found(exchange, exchange.bucket())
  const { data, result } = exchange.payload()
  for await (const _ of data);
  result()
  if (!isArchived(version)) throw new S3Error('InvalidObjectState')
  const expiry = new Date(exchange.now + 7 * 86_400_000).toUTCString()
  version.headers['x-amz-restore'] = `ongoing-request="false", expiry-date="${expiry}"`
  return { status: 202 }
}

function found({ key, query }: Exchange, bucket: Bucket): Version {
  const id = query.get('versionId')
  if (id === null) {
    const current = bucket.current(key)
    if (current) return current
    throw new S3Error('NoSuchKey', { Key: key })
  }
  const version = bucket.versions(key).find((v) => v.id === id)
  if (!version) throw new S3Error('NoSuchVersion', { Key: key, VersionId: id })
  if (version.deleteMarker) throw new S3Error('MethodNotAllowed')
  return version
}

function describe(bucket: Bucket, version: Version): Record<string, string> {
  return {
    'content-type': 'binary/octet-stream',
    ...version.headers,
    ...versionHeaders(bucket, version),
    'accept-ranges': 'bytes',
    'last-modified': new Date(version.modifiedAt).toUTCString(),
    etag: quoted(version.etag),
  }
}

function checksumHeaders({ headers }: Exchange, { checksum }: Version): Record<string, string> {
  if (!checksum || headers['x-amz-checksum-mode']?.toUpperCase() !== 'ENABLED') return {}
  const type = checksum.value.includes('-') ? 'COMPOSITE' : 'FULL_OBJECT'
  return { [`x-amz-checksum-${checksum.name}`]: checksum.value, 'x-amz-checksum-type': type }
}

/** One range; what is not understood is ignored, as HTTP says, and several ranges are not offered. */
function rangeOf(header: string | undefined, size: number): { start: number; length: number } | undefined {
  const [, from, to] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? []
  if (from === undefined || to === undefined || (from === '' && to === '')) return undefined
  const start = from === '' ? Math.max(0, size - Number(to)) : Number(from)
  const end = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1)
  if (start >= size || end < start) throw new S3Error('InvalidRange', { ActualObjectSize: String(size) })
  return { start, length: end - start + 1 }
}
