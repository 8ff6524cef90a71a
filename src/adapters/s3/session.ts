import { type Clock, systemClock } from '../../ports/clock.ts'
import type { Archived } from '../../ports/object-store.ts'
import type { Effect } from '../../ports/remote-host.ts'
import { attempts } from './attempt.ts'
import { toStoreError } from './errors.ts'
import { failureOf } from './failure.ts'
import { restoreHint } from './object-fault.ts'
import { placeOf, type S3Options, type S3Place, type S3Settings, settingsOf } from './options.ts'
import { loadSdk, type Sdk } from './sdk.ts'

/** One request to the store. */
export interface Request<T> {
  operation: string
  effect: Effect
  /** Relative to the store; a 404 that names no bucket is then `OBJECT_MISSING`. */
  key?: string
  signal?: AbortSignal | undefined
  /** For one attempt; default 30 s, more where a body is sent. */
  deadlineMs?: number
  run(sdk: Sdk, options: { abortSignal: AbortSignal }, attempt: number): Promise<T>
}

/** A client of one store with everything that its operations share. */
export interface Session {
  readonly place: S3Place
  readonly options: S3Options
  readonly clock: Clock
  readonly idleMs: number
  /** Deadline, retries and translated errors for one request. */
  send<T>(request: Request<T>): Promise<T>
  /** The same, but failures come out as the SDK threw them, for callers that look into them. */
  sendRaw<T>(request: Request<T>): Promise<T>
  translate(error: unknown, request: Pick<Request<unknown>, 'operation' | 'key'>): unknown
  /** What a listing or a HEAD says of an object that has to be restored first. */
  archived(key: string, isRestoring: boolean): Archived
  /** `Bucket` and the full `Key`, as every command takes them. */
  at(key: string): { Bucket: string; Key: string }
  /** True after the first answer that showed the bucket to be there. */
  bucketSeen: boolean
  /** By the store's clock, of its last answer; undefined when answers carry no date. */
  date: Date | undefined
}

const RESTORING = 'its restore was asked for and goes on: wait for it, then run the command again'

export function openSession(options: S3Options): Session {
  const place = placeOf(options.url)
  const settings: S3Settings = settingsOf(options)
  const clock = options.clock ?? systemClock
  let sdk: Promise<Sdk> | undefined
  let reached = false
  const { endpoint, region, profile } = settings
  const session: Session = {
    place,
    options,
    clock,
    idleMs: options.deadlines?.idle ?? 30_000,
    bucketSeen: false,
    date: undefined,
    at: (key) => ({ Bucket: place.bucket, Key: place.prefix + key }),
    archived: (key, isRestoring) => ({
      isRestoring,
      hint: isRestoring ? RESTORING : restoreHint({ place, endpoint, region, profile, key }),
    }),
    translate: (error, { operation, key }) =>
      toStoreError(error, {
        ...{ place, endpoint, region, profile },
        operation,
        reached,
        ...(key !== undefined && { key }),
      }),
    async sendRaw({ operation, effect, key, signal, run, deadlineMs = options.deadlines?.request ?? 30_000 }) {
      sdk ??= loadSdk(options, settings, (date) => {
        session.date = date
      })
      const loaded = await sdk
      return attempts({ clock, deadlineMs, signal }, async (abortSignal, attempt) => {
        options.onCall?.({ operation, effect, attempt, ...(key !== undefined && { key }) })
        try {
          const result = await run(loaded, { abortSignal }, attempt)
          reached = true
          return result
        } catch (error) {
          reached ||= (failureOf(error).status ?? 500) < 500
          throw error
        }
      })
    },
    async send(request) {
      try {
        return await session.sendRaw(request)
      } catch (error) {
        throw session.translate(error, request)
      }
    },
  }
  return session
}

/** Without the quotes that some stores leave away. */
export function versionFromEtag(etag: string | undefined): string {
  return (etag ?? '').replace(/^W\//, '').replace(/^"|"$/g, '')
}

export function etagOf(version: string): string {
  return `"${version}"`
}
