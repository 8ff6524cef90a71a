import { RescueError } from '../../errors/rescue-error.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Effect } from '../../ports/remote-host.ts'

export interface S3Credentials {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string
}

export interface S3Options {
  /** `s3://bucket/prefix` */
  url: string
  region?: string
  /** Any S3-compatible store: `http://127.0.0.1:9000`. Path style is then the default. */
  endpoint?: string
  forcePathStyle?: boolean
  /** A profile of the AWS configuration files. */
  profile?: string
  credentials?: S3Credentials
  /** `when-required` for stores that don't know CRC32 checksums and trailers. Default `when-supported`. */
  checksums?: 'when-supported' | 'when-required'
  sse?: { mode: 'AES256' | 'aws:kms'; kmsKeyId?: string }
  clock?: Clock
  /** Told of every request before it is sent, for the trace. */
  onCall?: (call: S3Call) => void
  /** Milliseconds. Defaults: connect 5 s, a small request 30 s, silence within a body 30 s. */
  deadlines?: { connect?: number; request?: number; idle?: number }
  /** Default `process.env`. */
  env?: Readonly<Record<string, string | undefined>>
}

export interface S3Call {
  operation: string
  effect: Effect
  key?: string
  /** 1 for the first; more are repeats after a passing failure. */
  attempt: number
}

/** The options with the environment filled in; what is still absent is left to the AWS default chain. */
export interface S3Settings {
  region: string | undefined
  endpoint: string | undefined
  forcePathStyle: boolean
  profile: string | undefined
  credentials: S3Credentials | undefined
}

/** Explicit options, then kOps' `S3_*` variables (FACTS 3), then nothing: the AWS default chain. */
export function settingsOf(options: S3Options): S3Settings {
  const env = options.env ?? process.env
  const endpoint = withScheme(options.endpoint ?? (env.S3_ENDPOINT || undefined))
  return {
    endpoint,
    region: options.region ?? (env.S3_REGION || undefined) ?? (endpoint && !awsRegion(env) ? 'us-east-1' : undefined),
    forcePathStyle: options.forcePathStyle ?? endpoint !== undefined,
    profile: options.profile,
    credentials: options.credentials ?? (options.profile ? undefined : kopsCredentials(env)),
  }
}

const awsRegion = (env: NonNullable<S3Options['env']>) => env.AWS_REGION || env.AWS_DEFAULT_REGION

function kopsCredentials(env: NonNullable<S3Options['env']>): S3Credentials | undefined {
  const { S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey } = env
  return accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : undefined
}

function withScheme(endpoint: string | undefined): string | undefined {
  const url = endpoint === undefined || /^https?:\/\//.test(endpoint) ? endpoint : `https://${endpoint}`
  if (url === undefined || URL.canParse(url)) return url
  throw new RescueError('CONFIG_INVALID', `not an endpoint of an S3 store: ${endpoint}`, {
    hint: 'write s3.endpoint (or S3_ENDPOINT) as https://host or http://host:port',
  })
}

export interface S3Place {
  /** Without a trailing slash. */
  url: string
  bucket: string
  /** '' or with a trailing slash. */
  prefix: string
}

/** `s3://bucket/some/prefix`, taken literally. `USAGE` when it is none. */
export function placeOf(url: string): S3Place {
  const match = /^s3:\/\/([A-Za-z0-9][A-Za-z0-9._-]{1,254})(\/.*)?$/s.exec(url)
  if (!match?.[1]) {
    throw new RescueError('USAGE', `not a folder of an S3 bucket: ${url}`, { hint: 'write it as s3://bucket/folder' })
  }
  const path = (match[2] ?? '').replace(/^\/+|\/+$/g, '')
  const bucket = match[1]
  return path === ''
    ? { url: `s3://${bucket}`, bucket, prefix: '' }
    : { url: `s3://${bucket}/${path}`, bucket, prefix: `${path}/` }
}
