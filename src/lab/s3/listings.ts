import type { Bucket } from './bucket.ts'
import { type Answer, type Exchange, quoted } from './exchange.ts'
import type { Version } from './model.ts'
import { S3Error } from './s3-error.ts'
import { type XmlFields, xmlDocument } from './xml.ts'

interface Page {
  keys: string[]
  folders: string[]
  truncated: boolean
  /** The last key or folder of the page: the next one begins behind it. */
  last: string
}

/** Keys below a prefix behind `after`, those with the delimiter rolled up into folders. */
function pageOf(bucket: Bucket, query: URLSearchParams, after: string, shows: (key: string) => boolean): Page {
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter') ?? ''
  const max = Math.min(Number(query.get('max-keys') ?? 1000), 1000)
  if (!Number.isInteger(max) || max < 0) throw new S3Error('InvalidArgument', { ArgumentName: 'max-keys' })
  const page: Page = { keys: [], folders: [], truncated: false, last: '' }
  for (const key of bucket.keys()) {
    if (!key.startsWith(prefix) || !shows(key)) continue
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
    const name = cut < 0 ? key : key.slice(0, cut + delimiter.length)
    if (name === page.last || Buffer.compare(Buffer.from(name), Buffer.from(after)) <= 0) continue
    if (page.keys.length + page.folders.length >= max) return { ...page, truncated: max > 0 }
    if (cut < 0) page.keys.push(key)
    else page.folders.push(name)
    page.last = name
  }
  return page
}

function encoder(query: URLSearchParams): (text: string) => string {
  if (query.get('encoding-type') !== 'url') return (text) => text
  return (text) => encodeURIComponent(text).replace(/%2F/g, '/').replace(/%20/g, '+')
}

function common({ query }: Exchange, bucket: Bucket, page: Page): XmlFields {
  const encode = encoder(query)
  return {
    Name: bucket.name,
    Prefix: encode(query.get('prefix') ?? ''),
    Delimiter: query.has('delimiter') ? encode(query.get('delimiter') ?? '') : undefined,
    MaxKeys: query.get('max-keys') ?? 1000,
    EncodingType: query.get('encoding-type') ?? undefined,
    IsTruncated: page.truncated,
    CommonPrefixes: page.folders.map((folder) => ({ Prefix: encode(folder) })),
  }
}

function contents(exchange: Exchange, bucket: Bucket, page: Page): XmlFields[] {
  const encode = encoder(exchange.query)
  return page.keys.flatMap((key) => {
    const version = bucket.current(key)
    return version ? [{ Key: encode(key), ...shown(version) }] : []
  })
}

function shown({ modifiedAt, etag, size, headers }: Version): XmlFields {
  const StorageClass = headers['x-amz-storage-class'] ?? 'STANDARD'
  return { LastModified: new Date(modifiedAt).toISOString(), ETag: quoted(etag), Size: size, StorageClass }
}

const tokenOf = (name: string) => Buffer.from(name).toString('base64url')
const nameOf = (token: string) => Buffer.from(token, 'base64url').toString()

export function listObjectsV2(exchange: Exchange): Answer {
  const bucket = exchange.bucket()
  const { query } = exchange
  const token = query.get('continuation-token')
  const after = token === null ? (query.get('start-after') ?? '') : nameOf(token)
  const page = pageOf(bucket, query, after, (key) => bucket.current(key) !== undefined)
  const fields = {
    ...common(exchange, bucket, page),
    KeyCount: page.keys.length + page.folders.length,
    ContinuationToken: token ?? undefined,
    NextContinuationToken: page.truncated ? tokenOf(page.last) : undefined,
    Contents: contents(exchange, bucket, page),
  }
  return { status: 200, body: xmlDocument('ListBucketResult', fields) }
}

export function listObjectsV1(exchange: Exchange): Answer {
  const bucket = exchange.bucket()
  const marker = exchange.query.get('marker') ?? ''
  const page = pageOf(bucket, exchange.query, marker, (key) => bucket.current(key) !== undefined)
  const fields = {
    ...common(exchange, bucket, page),
    Marker: marker,
    NextMarker: page.truncated ? encoder(exchange.query)(page.last) : undefined,
    Contents: contents(exchange, bucket, page),
  }
  return { status: 200, body: xmlDocument('ListBucketResult', fields) }
}

/** All versions of the keys of a page: a key is never split over two pages. */
export function listVersions(exchange: Exchange): Answer {
  const bucket = exchange.bucket()
  const encode = encoder(exchange.query)
  const page = pageOf(bucket, exchange.query, exchange.query.get('key-marker') ?? '', () => true)
  const all = page.keys.flatMap((key) => bucket.versions(key).map((version, i) => ({ version, newest: i === 0 })))
  const named = ({ version, newest }: (typeof all)[number]) => ({
    Key: encode(version.key),
    VersionId: version.id,
    IsLatest: newest,
  })
  const fields = {
    ...common(exchange, bucket, page),
    NextKeyMarker: page.truncated ? encode(page.last) : undefined,
    Version: all.filter((v) => !v.version.deleteMarker).map((v) => ({ ...named(v), ...shown(v.version) })),
    DeleteMarker: all
      .filter((v) => v.version.deleteMarker)
      .map((v) => ({ ...named(v), LastModified: new Date(v.version.modifiedAt).toISOString() })),
  }
  return { status: 200, body: xmlDocument('ListVersionsResult', fields) }
}
