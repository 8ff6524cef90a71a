import type { HeadObjectCommandOutput } from '@aws-sdk/client-s3'
import type { ObjectInfo } from '../../ports/object-store.ts'
import { failureOf } from './failure.ts'
import { ARCHIVES } from './listing.ts'
import { type Session, versionFromEtag } from './session.ts'

/**
 * HEAD. Its answer has no body, so a 404 doesn't say whether it is the key or the bucket that is missing, and a 403 says
 * nothing at all: then a request with a body asks again.
 */
export async function headObject(session: Session, key: string, signal?: AbortSignal): Promise<ObjectInfo | undefined> {
  const request = {
    operation: 'HeadObject',
    effect: 'read' as const,
    key,
    signal,
    run: (
      { client, s3 }: Parameters<Parameters<Session['send']>[0]['run']>[0],
      options: { abortSignal: AbortSignal },
    ) => client.send(new s3.HeadObjectCommand(session.at(key)), options),
  }
  try {
    const found = await session.sendRaw(request)
    session.bucketSeen = true
    return infoFromHead(session, key, found)
  } catch (error) {
    const { status } = failureOf(error)
    if (status === 404 && session.bucketSeen) return undefined
    if (status === undefined || status >= 500) throw session.translate(error, request)
    await askWithBody(session, signal)
    if (status === 404) return undefined
    throw session.translate(error, request)
  }
}

function infoFromHead(session: Session, key: string, found: HeadObjectCommandOutput): ObjectInfo {
  const isArchived = (ARCHIVES.has(found.StorageClass ?? '') || found.ArchiveStatus !== undefined) && !isRestored(found)
  return {
    ...(isArchived && { archived: session.archived(key, found.Restore?.includes('ongoing-request="true"') ?? false) }),
    key,
    size: found.ContentLength ?? 0,
    modifiedAt: found.LastModified ?? new Date(0),
    version: versionFromEtag(found.ETag),
  }
}

/** `x-amz-restore: ongoing-request="false", expiry-date="…"`: a copy is there that can be read. */
const isRestored = ({ Restore }: HeadObjectCommandOutput) => Restore?.includes('ongoing-request="false"') ?? false

/** Fails with what is wrong with the bucket or the credentials, if it is they. */
export async function askWithBody(session: Session, signal?: AbortSignal): Promise<void> {
  const { bucket, prefix } = session.place
  await session.send({
    operation: 'ListObjectsV2',
    effect: 'read',
    signal,
    run: ({ client, s3 }, options) =>
      client.send(new s3.ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, MaxKeys: 1 }), options),
  })
  session.bucketSeen = true
}
