import { Readable } from 'node:stream'
import { crc32 } from 'node:zlib'
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3'
import { RescueError } from '../../errors/rescue-error.ts'
import { pauseAfter } from './attempt.ts'
import { isKnownRefusal } from './errors.ts'
import { DeadlineError, failureOf } from './failure.ts'
import { askWithBody } from './looking.ts'
import { etagOf, type Session, versionFromEtag } from './session.ts'

export interface Range {
  start: number
  /** Included. */
  end: number | undefined
}

/** How often a body that broke is taken up again where it broke; counted anew once this much came in between. */
const RESUMES = 5
const RESUMES_ANEW_AFTER = 64 << 20

export interface Download {
  body: Readable
  size: number
  version: string
}

/**
 * Opens an object and streams it. When the body breaks, or is silent for too long, the rest is asked for by range, and
 * only of the same ETag: never half of one object and half of another. The length is checked, and for whole objects
 * the stored CRC32. Silence counts only while someone reads.
 */
export async function download(session: Session, key: string, range: Range, signal?: AbortSignal): Promise<Download> {
  const empty = { body: Readable.from([]), size: 0, version: '' }
  const first = await get(session, key, range, undefined, signal).catch(async (error) => {
    const failure = failureOf(error)
    if (failure.code === 'InvalidRange' || failure.status === 416) return undefined
    // a 403 is of these credentials or of this object: who may list the bucket is refused the object
    const isOpen = session.bucketSeen || failure.status !== 403 || isKnownRefusal(failure)
    if (!isOpen) await askWithBody(session, signal)
    throw session.translate(error, { operation: 'GetObject', key })
  })
  if (!first) return empty // a range that begins behind the end, as when a finished transfer is resumed
  session.bucketSeen = true
  const size = first.ContentLength
  if (size === undefined) throw corrupt(session, key, 'it has no length')
  const body = Readable.from(pieces(session, key, { ...range, size, first }, signal), {
    objectMode: false,
    highWaterMark: 1 << 20,
  })
  return { body, size, version: versionFromEtag(first.ETag) }
}

interface Plan extends Range {
  size: number
  first: GetObjectCommandOutput
}

async function* pieces(session: Session, key: string, plan: Plan, signal?: AbortSignal): AsyncGenerator<Buffer> {
  const checksum = plan.start === 0 && plan.end === undefined ? wholeChecksum(plan.first) : undefined
  let crc = 0
  let at = 0
  let failures = 0
  let countedAt = 0
  let answer: GetObjectCommandOutput | undefined = plan.first
  while (at < plan.size) {
    try {
      answer ??= await rest(session, key, plan, at, signal)
      for await (const chunk of idleChecked(bodyOf(answer), session.idleMs, signal)) {
        if (at + chunk.length > plan.size) throw corrupt(session, key, 'more came than was announced')
        if (checksum !== undefined) crc = crc32(chunk, crc)
        at += chunk.length
        yield chunk
      }
      if (at < plan.size) throw new DeadlineError(`the body ended after ${at} of ${plan.size} bytes`)
    } catch (error) {
      signal?.throwIfAborted()
      if (error instanceof RescueError) throw error
      if (at - countedAt >= RESUMES_ANEW_AFTER) failures = 0
      countedAt = at
      if (++failures > RESUMES) throw session.translate(error, { operation: 'GetObject', key })
      answer = undefined
      await session.clock.sleep(pauseAfter(failures), signal)
    }
  }
  if (checksum !== undefined && checksum !== crc)
    throw corrupt(session, key, 'its CRC32 is not the one that was stored')
}

async function rest(session: Session, key: string, plan: Plan, at: number, signal?: AbortSignal) {
  const range = { start: plan.start + at, end: plan.start + plan.size - 1 }
  try {
    return await get(session, key, range, versionFromEtag(plan.first.ETag), signal)
  } catch (error) {
    if (failureOf(error).status === 412) throw corrupt(session, key, 'it was overwritten while it was read', error)
    throw session.translate(error, { operation: 'GetObject', key })
  }
}

function get(session: Session, key: string, { start, end }: Range, version: string | undefined, signal?: AbortSignal) {
  const whole = start === 0 && end === undefined
  return session.sendRaw({
    operation: 'GetObject',
    effect: 'read',
    key,
    signal,
    run: ({ client, s3 }, options) =>
      client.send(
        new s3.GetObjectCommand({
          ...session.at(key),
          ...(!whole && { Range: `bytes=${start}-${end ?? ''}` }),
          ...(version && { IfMatch: etagOf(version) }),
        }),
        options,
      ),
  })
}

function bodyOf(answer: GetObjectCommandOutput): Readable {
  return answer.Body instanceof Readable ? answer.Body : Readable.from([])
}

/** The stored CRC32 as a number; none for one that is a checksum of the parts' checksums. */
function wholeChecksum({ ChecksumCRC32, ChecksumType }: GetObjectCommandOutput): number | undefined {
  if (!ChecksumCRC32 || ChecksumType === 'COMPOSITE' || !/^[A-Za-z0-9+/]{6}==$/.test(ChecksumCRC32)) return undefined
  return Buffer.from(ChecksumCRC32, 'base64').readUInt32BE()
}

async function* idleChecked(body: Readable, idleMs: number, signal?: AbortSignal): AsyncGenerator<Buffer> {
  const iterator = body[Symbol.asyncIterator]()
  const stop = () => body.destroy(signal?.reason)
  signal?.addEventListener('abort', stop, { once: true })
  body.on('error', () => undefined) // it comes out of the iteration
  try {
    for (;;) {
      const timer = setTimeout(() => body.destroy(new DeadlineError(`no bytes for ${idleMs / 1000} s`)), idleMs)
      const next = await iterator.next().finally(() => clearTimeout(timer))
      if (next.done) return
      yield next.value as Buffer
    }
  } finally {
    signal?.removeEventListener('abort', stop)
    body.destroy()
  }
}

function corrupt(session: Session, key: string, why: string, cause?: unknown): RescueError {
  return new RescueError('STORE_CORRUPT', `${key} in ${session.place.url} can't be read: ${why}`, {
    hint: 'run the command again; if it stays so, check the object with another S3 client',
    cause,
  })
}
