import { createHash } from 'node:crypto'
import { existsAlready } from '../store-errors.ts'
import { type Conditions, isRefusedCondition, isUnknownCondition } from './conditions.ts'
import { headObject } from './looking.ts'
import type { MultipartUpload } from './multipart.ts'
import { type Session, versionFromEtag } from './session.ts'

/** Stores put large objects together while the client waits. */
const DEADLINE_MS = 300_000

interface CompleteOptions {
  ifAbsent?: boolean
  signal?: AbortSignal
}

/** Makes one object of the parts; returns its version. */
export async function completeUpload(
  session: Session,
  conditions: Conditions,
  upload: MultipartUpload,
  bytes: number,
  options: CompleteOptions,
): Promise<string> {
  upload.parts.sort((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0))
  try {
    return await complete(session, upload, bytes, options)
  } catch (error) {
    if (options.ifAbsent && isRefusedCondition(error)) {
      conditions.ifNoneMatch = 'honoured'
      throw existsAlready(session.place.url, upload.key, error)
    }
    if (!options.ifAbsent || !isUnknownCondition(error)) throw translated(session, upload, error)
  }
  // a store that has no condition here: look first, which is the best that can be done for a backup's fresh name
  if (await headObject(session, upload.key, options.signal)) throw existsAlready(session.place.url, upload.key)
  try {
    return await complete(session, upload, bytes, { ...options, ifAbsent: false })
  } catch (error) {
    throw translated(session, upload, error)
  }
}

function translated(session: Session, upload: MultipartUpload, error: unknown): unknown {
  return session.translate(error, { operation: `CompleteMultipartUpload of ${upload.key}` })
}

async function complete(
  session: Session,
  upload: MultipartUpload,
  bytes: number,
  { ifAbsent, signal }: CompleteOptions,
) {
  let tries = 0
  try {
    const answer = await session.sendRaw({
      operation: 'CompleteMultipartUpload',
      effect: 'change',
      key: upload.key,
      signal,
      deadlineMs: DEADLINE_MS,
      run: ({ client, s3 }, sendOptions, attempt) => {
        tries = attempt
        return client.send(
          new s3.CompleteMultipartUploadCommand({
            ...session.at(upload.key),
            UploadId: upload.id,
            MultipartUpload: { Parts: upload.parts },
            ...(ifAbsent && { IfNoneMatch: '*' }),
          }),
          sendOptions,
        )
      },
    })
    return versionFromEtag(answer.ETag)
  } catch (error) {
    const own = tries > 1 ? await ownObject(session, upload, bytes) : undefined
    if (own === undefined) throw error
    return own
  }
}

/** An answer was lost and the repeat refused: the object is there and is ours when length and ETag say so. */
async function ownObject(session: Session, upload: MultipartUpload, bytes: number): Promise<string | undefined> {
  const found = await headObject(session, upload.key).catch(() => undefined)
  return found?.size === bytes && found.version === etagOfParts(upload) ? found.version : undefined
}

/** S3's ETag of a multipart object: the MD5 of its parts' MD5s, and their number. */
function etagOfParts(upload: MultipartUpload): string {
  const hash = createHash('md5')
  for (const part of upload.parts) hash.update(Buffer.from(versionFromEtag(part.ETag), 'hex'))
  return `${hash.digest('hex')}-${upload.parts.length}`
}
