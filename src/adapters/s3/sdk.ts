import { pipeline, Readable, Transform } from 'node:stream'
import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3'
import type { S3Options, S3Settings } from './options.ts'

export interface Sdk {
  s3: typeof import('@aws-sdk/client-s3')
  client: S3Client
}

/**
 * Loads the SDK (100 ms, so only when a store is used) and makes a client of it.
 * Retries are ours (`attempt.ts`), so its own are off; bodies are checked by us too (`download.ts`), since its check
 * does not survive a download that goes on from where it broke.
 */
export async function loadSdk(
  options: S3Options,
  settings: S3Settings,
  onDate: (date: Date | undefined) => void,
): Promise<Sdk> {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'
  const s3 = await import('@aws-sdk/client-s3')
  const { region, endpoint, credentials, profile, forcePathStyle } = settings
  const config: S3ClientConfig = {
    forcePathStyle,
    maxAttempts: 1,
    followRegionRedirects: endpoint === undefined,
    requestChecksumCalculation: options.checksums === 'when-required' ? 'WHEN_REQUIRED' : 'WHEN_SUPPORTED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    expectContinueHeader: false,
    requestHandler: { connectionTimeout: options.deadlines?.connect ?? 5_000, socketTimeout: 0 },
    ...(region && { region }),
    ...(endpoint && { endpoint }),
    ...(credentials && { credentials }),
    ...(profile && { profile }),
  }
  const client = new s3.S3Client(config)
  askForChecksums(client, options)
  boundAnswers(client)
  readDates(client, onDate)
  return { s3, client }
}

/** Asks for the stored checksum of an object; through the header, because the input member turns the SDK's check on. */
function askForChecksums(client: S3Client, options: S3Options): void {
  if (options.checksums === 'when-required') return
  client.middlewareStack.add(
    (next, context) => (args) => {
      const request = args.request as { headers?: Record<string, string> }
      if (context.commandName === 'GetObjectCommand' && request.headers)
        request.headers['x-amz-checksum-mode'] = 'ENABLED'
      return next(args)
    },
    { step: 'build', name: 'askForChecksums' },
  )
}

/** Every answer of HTTP has a `Date`; a store without a clock may leave it away. */
function readDates(client: S3Client, onDate: (date: Date | undefined) => void): void {
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args)
      const { date } = (result.response as { headers?: Record<string, string> }).headers ?? {}
      const at = Date.parse(date ?? '')
      onDate(Number.isNaN(at) ? undefined : new Date(at))
      return result
    },
    { step: 'deserialize', name: 'readDates', priority: 'low' },
  )
}

/** A thousand of the longest keys, escaped, and some more. */
const MAX_ANSWER_BYTES = 16 << 20

/** The SDK reads answers whole; a broken or hostile store must not fill the memory. Objects are streamed elsewhere. */
function boundAnswers(client: S3Client): void {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const result = await next(args)
      const response = result.response as { statusCode?: number; body?: unknown }
      const streamed = context.commandName === 'GetObjectCommand' && (response.statusCode ?? 500) < 300
      if (!streamed && response.body instanceof Readable) response.body = bounded(response.body)
      return result
    },
    { step: 'deserialize', name: 'boundAnswers', priority: 'low' },
  )
}

function bounded(body: Readable): Readable {
  let bytes = 0
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      if (bytes > MAX_ANSWER_BYTES) done(new Error(`the store's answer is larger than ${MAX_ANSWER_BYTES} bytes`))
      else done(null, chunk)
    },
  })
  return pipeline(body, counter, () => undefined)
}
