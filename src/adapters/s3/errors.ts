import { isAbort, RescueError } from '../../errors/rescue-error.ts'
import type { ErrorCode } from '../../errors/table.ts'
import { objectMissing } from '../store-errors.ts'
import { type Failure, failureOf, NETWORK } from './failure.ts'
import { objectFault } from './object-fault.ts'
import type { S3Place } from './options.ts'
import { rightFor } from './rights.ts'

export interface ErrorContext {
  place: S3Place
  endpoint: string | undefined
  region: string | undefined
  profile: string | undefined
  operation: string
  key?: string
  /** The store has answered before: what fails now fails in the middle of the work. */
  reached: boolean
}

type Answer = [ErrorCode, string]

const CREDENTIALS = 'check s3.profile, S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY, or the AWS environment'

/** S3's error codes with what the operator does about each. */
const ANSWERS: Record<string, Answer> = {
  InvalidAccessKeyId: ['STORE_AUTH', `the store does not know this access key: ${CREDENTIALS}`],
  SignatureDoesNotMatch: ['STORE_AUTH', `the secret key does not belong to the access key: ${CREDENTIALS}`],
  ExpiredToken: ['STORE_AUTH', 'the session is over: log in again (aws sso login), then run the command again'],
  ExpiredTokenException: [
    'STORE_AUTH',
    'the session is over: log in again (aws sso login), then run the command again',
  ],
  TokenRefreshRequired: ['STORE_AUTH', 'the session is over: log in again (aws sso login), then run the command again'],
  InvalidToken: ['STORE_AUTH', `the session token is not valid: ${CREDENTIALS}`],
  RequestTimeTooSkewed: [
    'STORE_AUTH',
    "this machine's clock is wrong: set it (timedatectl set-ntp true), then run again",
  ],
  CredentialsProviderError: ['STORE_AUTH', `there are no credentials for the store: ${CREDENTIALS}`],
  NoSuchBucket: [
    'STORE_MISSING',
    'check the bucket in backupStore (etcd-rescue config show) and the account of the credentials',
  ],
  InvalidBucketName: ['STORE_MISSING', 'check the bucket in backupStore: etcd-rescue config show'],
  NotImplemented: [
    'STORE_FAILED',
    'this store lacks what is needed; use one with conditional writes and multipart uploads',
  ],
  MissingContentLength: ['STORE_FAILED', "this store can't take streamed checksums: set s3.checksums to when-required"],
  BadDigest: ['STORE_CORRUPT', 'the bytes arrived changed, several times: look for a broken proxy on the way'],
  XAmzContentSHA256Mismatch: [
    'STORE_CORRUPT',
    'the bytes arrived changed, several times: look for a broken proxy on the way',
  ],
}

const TLS = /CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO_/

/** Turns what a request died of into a `RescueError` that says what to do. Aborts stay what they are. */
export function toStoreError(error: unknown, context: ErrorContext): unknown {
  if (error instanceof RescueError || isAbort(error)) return error
  const failure = failureOf(error)
  if (context.key !== undefined && isMissingKey(failure)) return objectMissing(context.place.url, context.key, error)
  const fault = context.key === undefined ? undefined : objectFault(failure, { ...context, key: context.key }, error)
  if (fault) return fault
  const [code, hint] = answerTo(failure, context)
  const status = failure.status === undefined ? '' : ` (HTTP ${failure.status})`
  const message = `${context.operation} in ${context.place.url} failed: ${failure.code}${status}: ${failure.message}`
  return new RescueError(code, message, { hint, cause: error })
}

/** What S3 says of wrong credentials, whatever was asked for. */
export const isKnownRefusal = ({ code }: Failure): boolean => ANSWERS[code]?.[0] === 'STORE_AUTH'

export function isMissingKey({ code, status }: Failure): boolean {
  return code === 'NoSuchKey' || code === 'NoSuchVersion' || (status === 404 && code === 'NotFound')
}

function answerTo(failure: Failure, context: ErrorContext): Answer {
  const known = ANSWERS[failure.code]
  if (known) return known
  if (isRedirect(failure)) return ['STORE_MISSING', regionHint(failure)]
  if (failure.message.includes('Region is missing')) {
    return ['CONFIG_INVALID', 'set s3.region in etcd-rescue.yaml, or S3_REGION or AWS_REGION']
  }
  if (failure.status === 401 || failure.status === 403) {
    return ['STORE_AUTH', `these credentials may not do this: ${rightFor(context)}`]
  }
  if (TLS.test(failure.code)) {
    return ['STORE_UNREACHABLE', 'its certificate is not trusted: name its CA in NODE_EXTRA_CA_CERTS']
  }
  if (!context.reached && (NETWORK.has(failure.code) || ((failure.status ?? 500) >= 500 && failure.status !== 501))) {
    return ['STORE_UNREACHABLE', unreachableHint(context)]
  }
  return [
    'STORE_FAILED',
    'wait until the store is well again, then run the command again; a run that has begun: etcd-rescue runs resume',
  ]
}

const REDIRECTS = [
  'PermanentRedirect',
  'TemporaryRedirect',
  'AuthorizationHeaderMalformed',
  'IllegalLocationConstraintException',
]

function isRedirect({ code, status }: Failure): boolean {
  return REDIRECTS.includes(code) || status === 301 || status === 307
}

function regionHint({ region }: Failure): string {
  return region
    ? `the bucket is in another region: set s3.region to ${region}`
    : 'the bucket is in another region: set s3.region'
}

function unreachableHint({ endpoint }: ErrorContext): string {
  return endpoint
    ? `check s3.endpoint (S3_ENDPOINT) and the way there: curl -v ${endpoint}`
    : 'check the network and s3.region; for another store than AWS set s3.endpoint'
}
