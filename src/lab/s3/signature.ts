import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { S3Error } from './s3-error.ts'

export interface SignatureRules {
  accessKeyId: string
  secretAccessKey: string
  region: string
  now: () => number
}

/** What a verified request was signed with; the chunks of a streamed body are signed with the same key. */
export interface Signed {
  key: Buffer
  scope: string
  date: string
  signature: string
}

const MAX_SKEW_MS = 15 * 60_000
const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, *SignedHeaders=([a-z0-9;_-]+), *Signature=([0-9a-f]{64})$/

/** Verifies signature V4 of the headers; presigned URLs and anonymous requests are refused. */
export function verifySignature(request: IncomingMessage, rules: SignatureRules): Signed {
  const header = request.headers.authorization
  if (!header) throw new S3Error('AccessDenied')
  const [, accessKeyId, day, region, signedHeaders, signature] = AUTHORIZATION.exec(header) ?? []
  const date = headerOf(request, 'x-amz-date')
  if (!accessKeyId || !day || !region || !signedHeaders || !signature || !date.startsWith(day)) {
    throw new S3Error('AuthorizationHeaderMalformed')
  }
  if (region !== rules.region) throw new S3Error('AuthorizationHeaderMalformed', { Region: rules.region })
  if (accessKeyId !== rules.accessKeyId) throw new S3Error('InvalidAccessKeyId', { AWSAccessKeyId: accessKeyId })
  checkSkew(date, rules.now())
  const names = signedHeaders.split(';')
  if (!names.includes('host')) throw new S3Error('AuthorizationHeaderMalformed')
  const scope = `${day}/${region}/s3/aws4_request`
  const key = signingKey(rules.secretAccessKey, day, region)
  const text = ['AWS4-HMAC-SHA256', date, scope, sha256(canonicalRequest(request, names))].join('\n')
  if (!sameHex(hmac(key, text).toString('hex'), signature)) throw new S3Error('SignatureDoesNotMatch')
  return { key, scope, date, signature }
}

export function sameHex(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}

export function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex')
}

export function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

function signingKey(secret: string, day: string, region: string): Buffer {
  return [day, region, 's3', 'aws4_request'].reduce<Buffer>(
    (key, part) => hmac(key, part),
    Buffer.from(`AWS4${secret}`),
  )
}

function checkSkew(date: string, now: number): void {
  const iso = date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z')
  const skew = Math.abs(Date.parse(iso) - now)
  if (!(skew <= MAX_SKEW_MS)) throw new S3Error('RequestTimeTooSkewed', { ServerTime: new Date(now).toISOString() })
}

function canonicalRequest(request: IncomingMessage, names: string[]): string {
  const [path = '/', query = ''] = splitOnce(request.url ?? '/', '?')
  const headers = names.map((name) => `${name}:${headerOf(request, name).trim().replace(/ +/g, ' ')}\n`).join('')
  const payload = headerOf(request, 'x-amz-content-sha256')
  return [request.method, encodePath(path), canonicalQuery(query), headers, names.join(';'), payload].join('\n')
}

function headerOf(request: IncomingMessage, name: string): string {
  const value = request.headers[name]
  return Array.isArray(value) ? value.join(',') : (value ?? '')
}

function encodePath(path: string): string {
  return decodeURIComponent(path).split('/').map(uriEncode).join('/')
}

function canonicalQuery(query: string): string {
  if (query === '') return ''
  const pairs = query
    .split('&')
    .map((pair) => splitOnce(pair, '=').map((part) => uriEncode(decodeURIComponent(part ?? ''))))
  const sorted = pairs.map(([name = '', value = '']) => [name, value] as const).sort(byNameAndValue)
  return sorted.map(([name, value]) => `${name}=${value}`).join('&')
}

type Pair = readonly [string, string]
const byNameAndValue = (a: Pair, b: Pair) => (a[0] === b[0] ? compare(a[1], b[1]) : compare(a[0], b[0]))
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}

/** RFC 3986: everything but letters, digits and `-._~`. */
function uriEncode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}
