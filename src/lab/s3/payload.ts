import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { decodeAwsChunked } from './aws-chunked.ts'
import { type Checksum, checksumName, checksumNamed, digestOf } from './checksums.ts'
import { S3Error } from './s3-error.ts'
import type { Signed } from './signature.ts'

export interface Payload {
  data: AsyncIterable<Buffer>
  /** What was checked; valid after `data` has ended without an error. */
  result(): { md5: string; bytes: number; checksum: Checksum | undefined }
}

/**
 * The body of a request, decoded, counted and checked against everything that the client said of it: SHA-256, MD5,
 * checksum header or trailer, and length. `data` throws where one of them is wrong, so commit only after its end.
 */
export function payloadOf(request: IncomingMessage, source: AsyncIterable<Buffer>, signed: Signed): Payload {
  const headers = request.headers as Record<string, string | undefined>
  const sha = headers['x-amz-content-sha256'] ?? ''
  const streaming = sha.startsWith('STREAMING-')
  const chunked = streaming ? decodeAwsChunked(source, sha.includes('AWS4-HMAC') ? signed : undefined) : undefined
  const length = streaming ? headers['x-amz-decoded-content-length'] : headers['content-length']
  if (length === undefined && request.method !== 'POST') throw new S3Error('MissingContentLength')
  const trailer = headers['x-amz-trailer']?.toLowerCase().trim()
  // on the completion of an upload the header speaks of the object and not of the body (see multipart.ts)
  const ofBody = !(request.method === 'POST' && request.url?.includes('uploadId='))
  const announced = ofBody ? checksumNamed(headers) : undefined
  const algorithm = announced?.name ?? (trailer?.startsWith('x-amz-checksum-') ? checksumName(trailer) : undefined)
  const hashes = { md5: createHash('md5'), sha256: createHash('sha256') }
  const digest = algorithm && digestOf(algorithm)
  let result: ReturnType<Payload['result']> | undefined

  async function* checked(): AsyncGenerator<Buffer> {
    let bytes = 0
    for await (const chunk of chunked?.data ?? source) {
      bytes += chunk.length
      hashes.md5.update(chunk)
      if (/^[0-9a-f]{64}$/.test(sha)) hashes.sha256.update(chunk)
      digest?.update(chunk)
      yield chunk
    }
    if (length !== undefined && bytes !== Number(length)) throw new S3Error('IncompleteBody')
    const md5 = hashes.md5.digest()
    checkMd5(headers['content-md5'], md5)
    if (/^[0-9a-f]{64}$/.test(sha) && hashes.sha256.digest('hex') !== sha)
      throw new S3Error('XAmzContentSHA256Mismatch')
    const expected = announced?.value ?? (trailer === undefined ? undefined : chunked?.trailers[trailer])
    const value = digest?.base64()
    if (value !== undefined && value !== expected) throw new S3Error('BadDigest')
    const checksum = algorithm && value !== undefined ? { name: algorithm, value } : undefined
    result = { md5: md5.toString('hex'), bytes, checksum }
  }
  return {
    data: checked(),
    result() {
      if (!result) throw new S3Error('IncompleteBody')
      return result
    },
  }
}

function checkMd5(header: string | undefined, actual: Buffer): void {
  if (header === undefined) return
  const expected = Buffer.from(header, 'base64')
  if (expected.length !== 16) throw new S3Error('InvalidDigest')
  if (!expected.equals(actual)) throw new S3Error('BadDigest')
}

const MAX_XML_BYTES = 2 << 20

/** The body of a small request (XML), whole. */
export async function textOfPayload(payload: Payload): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of payload.data) {
    bytes += chunk.length
    if (bytes > MAX_XML_BYTES) throw new S3Error('InvalidArgument')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
