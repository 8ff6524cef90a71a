import type { ListObjectsV2CommandOutput } from '@aws-sdk/client-s3'
import { RescueError } from '../../errors/rescue-error.ts'
import type { ObjectInfo } from '../../ports/object-store.ts'
import { byKey } from '../object-key.ts'
import { tooMany } from '../store-errors.ts'
import { type Session, versionFromEtag } from './session.ts'

/** Classes whose objects are not read before a restore. Glacier Instant Retrieval (`GLACIER_IR`) is none of them. */
export const ARCHIVES: ReadonlySet<string> = new Set(['GLACIER', 'DEEP_ARCHIVE'])

/** All objects below a prefix, page by page, sorted. */
export async function listObjects(
  session: Session,
  prefix: string,
  limit: number,
  signal?: AbortSignal,
): Promise<ObjectInfo[]> {
  const found: ObjectInfo[] = []
  for await (const page of pages(session, prefix, undefined, signal)) {
    for (const object of page.Contents ?? []) {
      const key = relative(session, object.Key)
      // a "folder" that some consoles make: an empty object whose name ends with a slash
      if (key === undefined || key.endsWith('/')) continue
      const modifiedAt = object.LastModified ?? new Date(0)
      const archived = ARCHIVES.has(object.StorageClass ?? '') ? { archived: session.archived(key, false) } : {}
      found.push({ key, size: object.Size ?? 0, modifiedAt, version: versionFromEtag(object.ETag), ...archived })
    }
    if (found.length > limit) throw tooMany(session.place.url, prefix, limit)
  }
  return found.sort(byKey)
}

const MAX_FOLDERS = 100_000

export async function listFolderNames(session: Session, prefix: string, signal?: AbortSignal): Promise<string[]> {
  const folder = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`
  const names = new Set<string>()
  for await (const page of pages(session, folder, '/', signal)) {
    for (const common of page.CommonPrefixes ?? []) {
      const name = relative(session, common.Prefix)?.slice(folder.length, -1)
      if (name) names.add(name)
    }
    if (names.size > MAX_FOLDERS) throw tooMany(session.place.url, prefix, MAX_FOLDERS)
  }
  return [...names].sort()
}

function relative(session: Session, key: string | undefined): string | undefined {
  const { prefix } = session.place
  return key?.startsWith(prefix) && key.length > prefix.length ? key.slice(prefix.length) : undefined
}

async function* pages(
  session: Session,
  prefix: string,
  delimiter: string | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<ListObjectsV2CommandOutput, void, undefined> {
  const input = { Bucket: session.place.bucket, Prefix: session.place.prefix + prefix, MaxKeys: 1000 }
  let token: string | undefined
  do {
    const last = token
    const page = await session.send({
      operation: 'ListObjectsV2',
      effect: 'read',
      signal,
      run: ({ client, s3 }, options) =>
        client.send(
          new s3.ListObjectsV2Command({
            ...input,
            ...(delimiter && { Delimiter: delimiter }),
            ...(last && { ContinuationToken: last }),
          }),
          options,
        ),
    })
    session.bucketSeen = true
    yield page
    token = page.IsTruncated ? page.NextContinuationToken : undefined
    if (page.IsTruncated && (token === undefined || token === last)) throw endless(session)
  } while (token !== undefined)
}

function endless(session: Session): RescueError {
  return new RescueError('STORE_CORRUPT', `${session.place.url} does not come to the end of a listing`, {
    hint: 'this store does not page as S3 does; look at it with another S3 client',
  })
}
