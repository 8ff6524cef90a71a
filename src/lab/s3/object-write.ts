import { randomBytes } from 'node:crypto'
import { createWriteStream, rmSync } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Bucket } from './bucket.ts'
import { type Answer, type Exchange, etagMatches, quoted } from './exchange.ts'
import type { Version } from './model.ts'
import { S3Error } from './s3-error.ts'

/** Writes a request's body to a file of the bucket; a body that fails its checks leaves none. */
export async function storePayload(exchange: Exchange, bucket: Bucket) {
  const payload = exchange.payload()
  const file = bucket.newFile()
  try {
    await pipeline(Readable.from(payload.data, { objectMode: false }), createWriteStream(file.path, { mode: 0o600 }))
    return { ...payload.result(), ...file }
  } catch (error) {
    rmSync(file.path, { force: true })
    throw error
  }
}

export async function putObject(exchange: Exchange): Promise<Answer> {
  const bucket = exchange.bucket()
  if (exchange.headers['x-amz-copy-source']) throw new S3Error('NotImplemented', { Header: 'x-amz-copy-source' })
  const { md5, bytes, checksum, name, path } = await storePayload(exchange, bucket)
  try {
    checkWriteConditions(exchange, bucket)
  } catch (error) {
    rmSync(path, { force: true })
    throw error
  }
  const version: Version = {
    ...newVersion(exchange, bucket),
    files: [{ name, size: bytes }],
    size: bytes,
    etag: md5,
    checksum,
    headers: keptHeaders(exchange, bucket),
  }
  bucket.commit(version)
  const headers = { ...versionHeaders(bucket, version), ...encryptionHeaders(version) }
  if (checksum) headers[`x-amz-checksum-${checksum.name}`] = checksum.value
  return { status: 200, headers: { ...headers, etag: quoted(md5) } }
}

/** `If-None-Match: *` and `If-Match`, looked at in the same turn of the event loop in which the object appears. */
export function checkWriteConditions({ headers, key, conditions }: Exchange, bucket: Bucket): void {
  if (!conditions) return
  const current = bucket.current(key)
  const none = headers['if-none-match']
  const match = headers['if-match']
  if (none !== undefined && none.trim() !== '*') throw new S3Error('NotImplemented', { Header: 'If-None-Match' })
  if (none !== undefined && current) throw new S3Error('PreconditionFailed', { Condition: 'If-None-Match' })
  if (match === undefined) return
  if (!current) throw new S3Error('NoSuchKey', { Key: key })
  if (!etagMatches(match, current.etag)) throw new S3Error('PreconditionFailed', { Condition: 'If-Match' })
}

export function newVersion({ key, now }: Pick<Exchange, 'key' | 'now'>, bucket: Bucket) {
  const id = bucket.settings.versioning === 'Enabled' ? randomBytes(16).toString('hex') : 'null'
  // versions are told apart by their times when they are loaded again
  const newest = bucket.versions(key)[0]?.modifiedAt ?? 0
  return { key, id, modifiedAt: Math.max(now, newest + 1), deleteMarker: false }
}

const KEPT =
  /^(content-type|content-encoding|cache-control|content-disposition|x-amz-storage-class|x-amz-meta-.+|x-amz-server-side-encryption.*)$/

export function keptHeaders({ headers }: Exchange, bucket: Bucket): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) if (value !== undefined && KEPT.test(name)) kept[name] = value
  const coding = kept['content-encoding']?.replace(/aws-chunked,? */, '')
  delete kept['content-encoding']
  if (coding) kept['content-encoding'] = coding
  const { encryption } = bucket.settings
  if (encryption) kept['x-amz-server-side-encryption'] ??= encryption.algorithm
  return kept
}

export function encryptionHeaders({ headers }: Pick<Version, 'headers'>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('x-amz-server-side-encryption')))
}

export function versionHeaders(bucket: Bucket, version: Version): Record<string, string> {
  return bucket.settings.versioning === 'Off' ? {} : { 'x-amz-version-id': version.id }
}
