import type { IncomingMessage } from 'node:http'
import type { Bucket } from './bucket.ts'
import type { Buckets } from './buckets.ts'
import type { Payload } from './payload.ts'
import { S3Error } from './s3-error.ts'

/** One verified request on its way through an operation. */
export interface Exchange {
  operation: string
  method: string
  query: URLSearchParams
  headers: Record<string, string | undefined>
  bucketName: string
  key: string
  buckets: Buckets
  /** The bucket of the path; `NoSuchBucket` when it is not there. */
  bucket(): Bucket
  payload(): Payload
  region: string
  now: number
  /** False when a fault makes the server forget that it knows conditions. */
  conditions: boolean
}

export interface Answer {
  status: number
  headers?: Record<string, string>
  /** A document, or the bytes of these files from `start` on, `length` of them. */
  body?: string | { files: { path: string; size: number }[]; start: number; length: number }
}

export type Operation = (exchange: Exchange) => Promise<Answer> | Answer

export interface Target {
  bucketName: string
  key: string
  query: URLSearchParams
}

/** Path style: `/bucket/key`. */
export function targetOf(request: IncomingMessage): Target {
  const [path = '/', query = ''] = (request.url ?? '/').split(/\?(.*)/s)
  const [, bucketName = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(safeDecode(path)) ?? []
  if (Buffer.byteLength(key) > 1024) throw new S3Error('KeyTooLongError')
  return { bucketName, key, query: new URLSearchParams(query.replace(/\+/g, '%2B')) }
}

function safeDecode(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    throw new S3Error('InvalidArgument')
  }
}

export function quoted(etag: string): string {
  return `"${etag}"`
}

/** Whether an `If-Match` or `If-None-Match` header names this ETag. */
export function etagMatches(header: string, etag: string): boolean {
  return header.split(',').some((item) => {
    const name = item.trim().replace(/^W\//, '')
    return name === '*' || name.replace(/^"|"$/g, '') === etag
  })
}
