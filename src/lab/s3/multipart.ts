import { createHash, randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import type { Bucket } from './bucket.ts'
import { type Checksum, checksumNamed, compositeOf } from './checksums.ts'
import { type Answer, type Exchange, quoted } from './exchange.ts'
import type { PendingUpload, UploadPart } from './model.ts'
import {
  checkWriteConditions,
  encryptionHeaders,
  keptHeaders,
  newVersion,
  storePayload,
  versionHeaders,
} from './object-write.ts'
import { textOfPayload } from './payload.ts'
import { S3Error } from './s3-error.ts'
import { childrenOf, parseXml, textOf, xmlDocument } from './xml.ts'

const MIN_PART_BYTES = 5 << 20

export function createUpload(exchange: Exchange): Answer {
  const bucket = exchange.bucket()
  const { key, now } = exchange
  const id = randomBytes(16).toString('hex')
  const headers = keptHeaders(exchange, bucket)
  bucket.uploads.set(id, { id, key, startedAt: now, headers, parts: new Map() })
  const body = xmlDocument('InitiateMultipartUploadResult', { Bucket: bucket.name, Key: key, UploadId: id })
  return { status: 200, headers: encryptionHeaders({ headers }), body }
}

function uploadOf({ query, key }: Exchange, bucket: Bucket): PendingUpload {
  const upload = bucket.uploads.get(query.get('uploadId') ?? '')
  if (!upload || upload.key !== key) throw new S3Error('NoSuchUpload')
  return upload
}

export async function uploadPart(exchange: Exchange): Promise<Answer> {
  const bucket = exchange.bucket()
  const upload = uploadOf(exchange, bucket)
  const number = Number(exchange.query.get('partNumber'))
  if (!Number.isInteger(number) || number < 1 || number > 10_000) throw new S3Error('InvalidArgument')
  const { md5, bytes, checksum, name, path } = await storePayload(exchange, bucket)
  if (!bucket.uploads.has(upload.id)) {
    rmSync(path, { force: true }) // aborted while the part was under way
    throw new S3Error('NoSuchUpload')
  }
  const old = upload.parts.get(number)
  upload.parts.set(number, { file: name, size: bytes, etag: md5, checksum })
  if (old) rmSync(bucket.pathOf(old.file), { force: true })
  const headers: Record<string, string> = { etag: quoted(md5) }
  if (checksum) headers[`x-amz-checksum-${checksum.name}`] = checksum.value
  return { status: 200, headers }
}

export function abortUpload(exchange: Exchange): Answer {
  const bucket = exchange.bucket()
  const upload = uploadOf(exchange, bucket)
  bucket.uploads.delete(upload.id)
  for (const part of upload.parts.values()) rmSync(bucket.pathOf(part.file), { force: true })
  return { status: 204 }
}

export async function completeUpload(exchange: Exchange): Promise<Answer> {
  const bucket = exchange.bucket()
  const upload = uploadOf(exchange, bucket)
  const request = parseXml(await textOfPayload(exchange.payload()))
  const chosen = childrenOf(request, 'Part').map((node) =>
    partOf(upload, Number(textOf(node, 'PartNumber')), textOf(node, 'ETag')),
  )
  checkParts(chosen)
  if (!bucket.uploads.has(upload.id)) throw new S3Error('NoSuchUpload')
  checkWriteConditions(exchange, bucket)
  const parts = chosen.map(({ part }) => part)
  const checksum = checksumOf(parts)
  checkAnnounced(exchange, checksum)
  const hash = createHash('md5')
  for (const part of parts) hash.update(Buffer.from(part.etag, 'hex'))
  const etag = `${hash.digest('hex')}-${parts.length}`
  const version = {
    ...newVersion(exchange, bucket),
    files: parts.map(({ file, size }) => ({ name: file, size })),
    size: parts.reduce((sum, part) => sum + part.size, 0),
    etag,
    checksum,
    headers: upload.headers,
  }
  bucket.uploads.delete(upload.id)
  for (const part of upload.parts.values()) {
    if (!parts.includes(part)) rmSync(bucket.pathOf(part.file), { force: true })
  }
  bucket.commit(version)
  const Location = `/${bucket.name}/${upload.key}`
  const body = xmlDocument('CompleteMultipartUploadResult', {
    Location,
    Bucket: bucket.name,
    Key: upload.key,
    ETag: quoted(etag),
  })
  return { status: 200, headers: { ...versionHeaders(bucket, version), ...encryptionHeaders(version) }, body }
}

function partOf(upload: PendingUpload, number: number, etag = ''): { number: number; part: UploadPart } {
  const part = upload.parts.get(number)
  if (!part || part.etag !== etag.replace(/"/g, '')) throw new S3Error('InvalidPart', { PartNumber: String(number) })
  return { number, part }
}

function checkParts(chosen: { number: number; part: UploadPart }[]): void {
  if (chosen.length === 0) throw new S3Error('MalformedXML')
  for (const [i, { number, part }] of chosen.entries()) {
    const next = chosen[i + 1]
    if (next && next.number <= number) throw new S3Error('InvalidPartOrder')
    if (next && part.size < MIN_PART_BYTES) throw new S3Error('EntityTooSmall', { PartNumber: String(number) })
  }
}

function checksumOf(parts: UploadPart[]) {
  const name = parts[0]?.checksum?.name
  const values = parts.flatMap((part) => (part.checksum && part.checksum.name === name ? [part.checksum.value] : []))
  return name && values.length === parts.length ? compositeOf(name, values) : undefined
}

/** What the client expects of the whole object. A full-object checksum would need all bytes again and is not compared. */
function checkAnnounced({ headers }: Exchange, actual: Checksum | undefined): void {
  const announced = checksumNamed(headers)
  if (!announced || !actual || announced.name !== actual.name || headers['x-amz-checksum-type'] === 'FULL_OBJECT')
    return
  if (announced.value.split('-')[0] !== actual.value.split('-')[0]) throw new S3Error('BadDigest')
}

export function listUploads(exchange: Exchange): Answer {
  const bucket = exchange.bucket()
  const prefix = exchange.query.get('prefix') ?? ''
  const all = [...bucket.uploads.values()].filter((upload) => upload.key.startsWith(prefix))
  const Upload = all.map(({ key, id, startedAt }) => ({
    Key: key,
    UploadId: id,
    Initiated: new Date(startedAt).toISOString(),
  }))
  return {
    status: 200,
    body: xmlDocument('ListMultipartUploadsResult', {
      Bucket: bucket.name,
      Prefix: prefix,
      IsTruncated: false,
      Upload,
    }),
  }
}

export function listParts(exchange: Exchange): Answer {
  const bucket = exchange.bucket()
  const upload = uploadOf(exchange, bucket)
  const Part = [...upload.parts]
    .sort(([a], [b]) => a - b)
    .map(([PartNumber, { etag, size }]) => ({ PartNumber, ETag: quoted(etag), Size: size }))
  const names = { Bucket: bucket.name, Key: upload.key, UploadId: upload.id }
  return { status: 200, body: xmlDocument('ListPartsResult', { ...names, IsTruncated: false, Part }) }
}
