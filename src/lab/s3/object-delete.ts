import type { Bucket } from './bucket.ts'
import { type Answer, type Exchange, etagMatches } from './exchange.ts'
import { newVersion } from './object-write.ts'
import { textOfPayload } from './payload.ts'
import { S3Error } from './s3-error.ts'
import { childrenOf, parseXml, textOf, type XmlFields, xmlDocument } from './xml.ts'

export function deleteObject(exchange: Exchange): Answer {
  const bucket = exchange.bucket()
  const match = exchange.headers['if-match']
  const current = bucket.current(exchange.key)
  if (match !== undefined && exchange.conditions && current && !etagMatches(match, current.etag)) {
    throw new S3Error('PreconditionFailed', { Condition: 'If-Match' })
  }
  const { marker, id } = deleteKey(bucket, exchange.now, exchange.key, exchange.query.get('versionId') ?? undefined)
  const headers: Record<string, string> = {}
  if (id !== undefined) headers['x-amz-version-id'] = id
  if (marker) headers['x-amz-delete-marker'] = 'true'
  return { status: 204, headers }
}

/** Removes a version, or the current object: for good, or by a delete marker where versions are kept. */
export function deleteKey(bucket: Bucket, now: number, key: string, versionId?: string) {
  if (versionId !== undefined) {
    const version = bucket.versions(key).find((v) => v.id === versionId)
    if (version) bucket.removeVersion(version)
    return { marker: version?.deleteMarker ?? false, id: versionId }
  }
  if (bucket.settings.versioning === 'Off') {
    for (const version of [...bucket.versions(key)]) bucket.removeVersion(version)
    return { marker: false, id: undefined }
  }
  const marker = newVersion({ key, now }, bucket)
  bucket.commit({ ...marker, deleteMarker: true, files: [], size: 0, etag: '', checksum: undefined, headers: {} })
  return { marker: true, id: marker.id }
}

export async function deleteObjects(exchange: Exchange): Promise<Answer> {
  const bucket = exchange.bucket()
  const request = parseXml(await textOfPayload(exchange.payload()))
  const wanted = childrenOf(request, 'Object')
  if (wanted.length === 0 || wanted.length > 1000) throw new S3Error('MalformedXML')
  const deleted = wanted.map((node): XmlFields => {
    const Key = textOf(node, 'Key') ?? ''
    const VersionId = textOf(node, 'VersionId')
    const { marker, id } = deleteKey(bucket, exchange.now, Key, VersionId)
    return { Key, VersionId, ...(marker && { DeleteMarker: true, DeleteMarkerVersionId: id }) }
  })
  const quiet = textOf(request, 'Quiet') === 'true'
  return { status: 200, body: xmlDocument('DeleteResult', { Deleted: quiet ? [] : deleted }) }
}
