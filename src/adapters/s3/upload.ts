import type { Readable } from 'node:stream'
import type { UploadOptions } from '../../ports/object-store.ts'
import { chunksOf } from '../source.ts'
import { BufferPool } from './buffer-pool.ts'
import { completeUpload } from './complete.ts'
import type { Conditions } from './conditions.ts'
import { abortUpload, startUpload } from './multipart.ts'
import { type Part, partsOf } from './parts.ts'
import { type PartsJob, sendParts } from './send-parts.ts'
import type { Session } from './session.ts'
import { writeObject } from './writing.ts'

/**
 * A stream of unknown length. What fits into one part is one PUT; more is a multipart upload with four parts under way.
 * After a failure or an abort all parts under way are stopped and the upload is aborted before the error comes out.
 */
export async function uploadObject(
  session: Session,
  conditions: Conditions,
  key: string,
  body: Readable,
  options: UploadOptions,
): Promise<{ bytes: number; version: string }> {
  const { onProgress, signal, ...condition } = options
  const stop = new AbortController()
  const onAbort = () => stop.abort(signal?.reason)
  if (signal?.aborted) onAbort()
  signal?.addEventListener('abort', onAbort, { once: true })
  const pool = new BufferPool()
  const parts = partsOf(chunksOf(body, stop.signal), (size) => pool.take(size))
  try {
    const first = (await parts.next()).value as Part
    const whole = { ...condition, signal: stop.signal }
    if (!first.last) return await uploadParts({ session, parts, pool, stop, onProgress }, conditions, key, first, whole)
    const { version } = await writeObject(session, conditions, key, first.bytes, whole)
    onProgress?.(first.bytes.length)
    return { bytes: first.bytes.length, version }
  } finally {
    signal?.removeEventListener('abort', onAbort)
    await parts.return()
    body.destroy()
  }
}

async function uploadParts(
  job: PartsJob,
  conditions: Conditions,
  key: string,
  first: Part,
  options: { ifAbsent?: boolean; signal: AbortSignal },
) {
  const upload = await startUpload(job.session, key, options.signal)
  try {
    const bytes = await sendParts(job, upload, first)
    const version = await completeUpload(job.session, conditions, upload, bytes, options)
    return { bytes, version }
  } catch (error) {
    await abortUpload(job.session, upload)
    throw error
  }
}
