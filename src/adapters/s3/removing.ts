import { changedMeanwhile } from '../store-errors.ts'
import { isRefusedCondition, isUnknownCondition } from './conditions.ts'
import { failureOf, isPassing } from './failure.ts'
import { headObject } from './looking.ts'
import { etagOf, type Session } from './session.ts'

/** Removes a key; with `ifVersion` only this version, atomically where the store knows If-Match on DELETE. */
export async function removeObject(session: Session, key: string, ifVersion?: string): Promise<void> {
  if (ifVersion === undefined) return remove(session, key)
  const found = await headObject(session, key)
  if (!found) return
  if (found.version !== ifVersion) throw changedMeanwhile(session.place.url, key)
  try {
    await removeRaw(session, key, etagOf(ifVersion))
  } catch (error) {
    if (isRefusedCondition(error)) throw changedMeanwhile(session.place.url, key, error)
    if (failureOf(error).code === 'NoSuchKey') return
    if (!isUnknownCondition(error) || isPassing(error))
      throw session.translate(error, { operation: 'DeleteObject', key })
    await remove(session, key)
  }
}

async function remove(session: Session, key: string, version?: string): Promise<void> {
  try {
    await removeRaw(session, key, undefined, version)
  } catch (error) {
    if (failureOf(error).code === 'NoSuchKey') return
    throw session.translate(error, { operation: version ? 'DeleteObjectVersion' : 'DeleteObject', key })
  }
}

function removeRaw(session: Session, key: string, etag?: string, version?: string) {
  return session.sendRaw({
    operation: 'DeleteObject',
    effect: 'change',
    key,
    run: ({ client, s3 }, options) =>
      client.send(
        new s3.DeleteObjectCommand({
          ...session.at(key),
          ...(etag && { IfMatch: etag }),
          ...(version && { VersionId: version }),
        }),
        options,
      ),
  })
}

const MAX_PAGES = 1000

/** Every version and delete marker of exactly this key: what a secret needs to be gone, and what etcd-manager does. */
export async function removeAllVersions(session: Session, key: string): Promise<void> {
  const { Bucket, Key } = session.at(key)
  // after each round the first page is asked for again, since what it named is gone
  for (let page = 0; page < MAX_PAGES; page++) {
    const answer = await session.send({
      operation: 'ListObjectVersions',
      effect: 'read',
      run: ({ client, s3 }, options) =>
        client.send(new s3.ListObjectVersionsCommand({ Bucket, Prefix: Key, MaxKeys: 1000 }), options),
    })
    const all = [...(answer.Versions ?? []), ...(answer.DeleteMarkers ?? [])]
    const own = all.filter((v) => v.Key === Key)
    for (const version of own) await remove(session, key, version.VersionId)
    // versions of one key come together, and the key itself sorts before all longer ones
    if (own.length === 0 || own.length < all.length || !answer.IsTruncated) return
  }
}
