import type { PutObjectCommandInput } from '@aws-sdk/client-s3'
import type { WriteOptions } from '../../ports/object-store.ts'
import { changedMeanwhile, existsAlready } from '../store-errors.ts'
import { type Conditions, isRefusedCondition, isUnknownCondition, noConditions } from './conditions.ts'
import { failureOf } from './failure.ts'
import { headObject } from './looking.ts'
import { readObject } from './reading.ts'
import { removeObject } from './removing.ts'
import { etagOf, type Session, versionFromEtag } from './session.ts'

/** How server-side encryption is asked for, in the words of PutObject and CreateMultipartUpload. */
export function encryption({
  options: { sse },
}: Session): Pick<PutObjectCommandInput, 'ServerSideEncryption' | 'SSEKMSKeyId'> {
  if (!sse) return {}
  return { ServerSideEncryption: sse.mode, ...(sse.kmsKeyId && { SSEKMSKeyId: sse.kmsKeyId }) }
}

/**
 * One PUT. The first conditional one of a session is followed by a second that must be refused: locks rely on it, and a
 * store that ignores conditions answers 200 to everything.
 */
export async function writeObject(
  session: Session,
  conditions: Conditions,
  key: string,
  body: Buffer,
  options: WriteOptions,
): Promise<{ version: string }> {
  const { ifAbsent, ifVersion, signal } = options
  // answers stores without conditions, too, and leaves the atomic case to the PUT
  if (ifAbsent && conditions.ifNoneMatch === 'unknown' && (await headObject(session, key, signal))) {
    throw existsAlready(session.place.url, key)
  }
  try {
    const { version, attempt } = await put(session, key, body, options)
    if (ifAbsent && attempt === 1) await prove(session, conditions, 'ifNoneMatch', key, body, { ifAbsent })
    if (ifVersion !== undefined && version !== ifVersion && attempt === 1) {
      await prove(session, conditions, 'ifMatch', key, body, { ifVersion })
    }
    return { version }
  } catch (error) {
    if (isRefusedCondition(error)) {
      if (ifAbsent) conditions.ifNoneMatch = 'honoured'
      else conditions.ifMatch = 'honoured'
      throw ifAbsent ? existsAlready(session.place.url, key, error) : changedMeanwhile(session.place.url, key, error)
    }
    // If-Match on a key that is gone is a 404 on AWS
    if (ifVersion !== undefined && failureOf(error).code === 'NoSuchKey') {
      throw changedMeanwhile(session.place.url, key, error)
    }
    if ((ifAbsent || ifVersion !== undefined) && isUnknownCondition(error)) throw noConditions(session, error)
    throw session.translate(error, { operation: 'PutObject', key })
  }
}

async function prove(
  session: Session,
  conditions: Conditions,
  which: keyof Conditions,
  key: string,
  body: Buffer,
  options: WriteOptions,
): Promise<void> {
  if (conditions[which] === 'honoured') return
  const refused = await put(session, key, body, options).then(
    () => false,
    (error) => {
      if (isRefusedCondition(error) || failureOf(error).code === 'NoSuchKey') return true
      throw error
    },
  )
  if (!refused) {
    // what was new is ours, and must not stay: it may be a lock
    if (options.ifAbsent) await removeObject(session, key).catch(() => undefined)
    throw noConditions(session)
  }
  conditions[which] = 'honoured'
}

/**
 * Sends the PUT. When an answer was lost and the repeat is refused, the object may be our own from the attempt before:
 * then it holds exactly what we sent, and that is success.
 */
export async function put(session: Session, key: string, body: Buffer, { ifAbsent, ifVersion, signal }: WriteOptions) {
  let tries = 0
  try {
    const answer = await session.sendRaw({
      operation: 'PutObject',
      effect: 'change',
      key,
      signal,
      deadlineMs: writeDeadline(session, body.length),
      run: ({ client, s3 }, options, attempt) => {
        tries = attempt
        const condition = ifAbsent
          ? { IfNoneMatch: '*' }
          : ifVersion !== undefined
            ? { IfMatch: etagOf(ifVersion) }
            : {}
        const input = {
          ...session.at(key),
          Body: body,
          ContentLength: body.length,
          ...encryption(session),
          ...condition,
        }
        return client.send(new s3.PutObjectCommand(input), options)
      },
    })
    session.bucketSeen = true
    return { version: versionFromEtag(answer.ETag), attempt: tries }
  } catch (error) {
    const own = tries > 1 && isRefusedCondition(error) ? await ownObject(session, key, body) : undefined
    if (own === undefined) throw error
    return { version: own, attempt: tries }
  }
}

async function ownObject(session: Session, key: string, body: Buffer): Promise<string | undefined> {
  const found = await readObject(session, key, body.length).catch(() => undefined)
  return found?.body.equals(body) ? found.version : undefined
}

/** Thirty seconds, and what the bytes take at 128 KiB/s. */
export function writeDeadline({ options }: Session, bytes: number): number {
  return (options.deadlines?.request ?? 30_000) + bytes / 131
}
