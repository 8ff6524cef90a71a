import { isAbort } from '../../errors/rescue-error.ts'

/** What an error of the SDK says, whichever of its many shapes it has. */
export interface Failure {
  /** S3's error code, or Node's. */
  code: string
  status: number | undefined
  message: string
  /** The region that a redirect points to. */
  region: string | undefined
  /** Of an archived object: Intelligent-Tiering archived it by itself. */
  isTiered: boolean
}

/** One attempt of a request took longer than it may. */
export class DeadlineError extends Error {
  override readonly name = 'TimeoutError'
}

interface SdkError {
  name?: string
  code?: unknown
  Code?: unknown
  message?: string
  Region?: unknown
  AccessTier?: unknown
  $metadata?: { httpStatusCode?: number }
  $response?: { headers?: Record<string, string> }
}

export function failureOf(error: unknown): Failure {
  const e = (typeof error === 'object' && error !== null ? error : {}) as SdkError
  const inner = firstOf(error)
  const code = [e.Code, inner?.code, e.code, e.name].find((c): c is string => typeof c === 'string') ?? 'Unknown'
  const status = e.$metadata?.httpStatusCode
  const region = e.$response?.headers?.['x-amz-bucket-region'] ?? (typeof e.Region === 'string' ? e.Region : undefined)
  const isTiered = typeof e.AccessTier === 'string' && e.AccessTier !== ''
  return { code, status, message: oneLine(e.message || inner?.message || code), region, isTiered }
}

/** Node reports a host with several addresses as an AggregateError of one failure for each. */
function firstOf(error: unknown): { code?: unknown; message?: string } | undefined {
  return error instanceof AggregateError ? (error.errors[0] as { code?: unknown; message?: string }) : undefined
}

/** What a server wrote, safe to print: one line, bounded, no control characters. */
export function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed here
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').slice(0, 300)
}

export const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  'ENOTFOUND',
  'TimeoutError',
  'ERR_STREAM_PREMATURE_CLOSE',
  'HPE_INVALID_CONSTANT',
])

const PASSING = new Set([
  'SlowDown',
  'RequestTimeout',
  'InternalError',
  'ServiceUnavailable',
  'Throttling',
  'ThrottlingException',
  'RequestThrottled',
  'TooManyRequests',
  // garbled on the way to the store
  'BadDigest',
  'XAmzContentChecksumMismatch',
  'XAmzContentSHA256Mismatch',
  // two conditional writes at the same moment: one of them has to look again
  'ConditionalRequestConflict',
  'ConcurrentModification', // the same, in Ceph's words
  'OperationAborted',
  // the SDK learns the store's time from this answer, so the next attempt is right
  'RequestTimeTooSkewed',
])

/** True for what may be gone in a moment. A name that does not resolve or a refused login is not. */
export function isPassing(error: unknown): boolean {
  if (isAbort(error)) return false
  const { code, status } = failureOf(error)
  if (code === 'ENOTFOUND' || status === 501) return false
  return NETWORK.has(code) || PASSING.has(code) || status === 429 || (status !== undefined && status >= 500)
}
