import { createHash } from 'node:crypto'
import { ByteReader } from './byte-reader.ts'
import { S3Error } from './s3-error.ts'
import { hmac, type Signed, sameHex, sha256 } from './signature.ts'

export interface ChunkedBody {
  /** The decoded bytes. */
  data: AsyncIterable<Buffer>
  /** Trailing headers, lower case; complete when `data` has ended. */
  trailers: Record<string, string>
}

/**
 * Decodes `aws-chunked`: `<hex size>[;chunk-signature=…]\r\n<bytes>\r\n … 0[;…]\r\n[trailers]\r\n`. With `signed`, each
 * chunk and the trailer must carry the signature that follows from the one before.
 */
export function decodeAwsChunked(source: AsyncIterable<Buffer>, signed?: Signed): ChunkedBody {
  const trailers: Record<string, string> = {}
  return { trailers, data: decode(new ByteReader(source), trailers, signed) }
}

async function* decode(reader: ByteReader, trailers: Record<string, string>, signed?: Signed): AsyncGenerator<Buffer> {
  let previous = signed?.signature ?? ''
  for (;;) {
    const [, hex, signature] =
      /^([0-9a-fA-F]{1,8})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(await reader.line()) ?? []
    if (!hex) throw new S3Error('IncompleteBody')
    const size = Number.parseInt(hex, 16)
    const hash = createHash('sha256')
    for await (const piece of reader.bytes(size)) {
      if (signed) hash.update(piece)
      yield piece
    }
    if (signed) {
      const text = ['AWS4-HMAC-SHA256-PAYLOAD', signed.date, signed.scope, previous, sha256(''), hash.digest('hex')]
      previous = checked(signed, text, signature)
    }
    if (size === 0) break
    if ((await reader.line()) !== '') throw new S3Error('IncompleteBody')
  }
  await readTrailers(reader, trailers, previous, signed)
}

async function readTrailers(reader: ByteReader, trailers: Record<string, string>, previous: string, signed?: Signed) {
  let lines = ''
  for (let line = await reader.line(); line !== ''; line = await reader.line()) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase().trim()
    const value = line.slice(colon + 1).trim()
    if (colon < 1 || Object.keys(trailers).length > 20) throw new S3Error('InvalidArgument')
    if (name === 'x-amz-trailer-signature') {
      if (signed)
        checked(signed, ['AWS4-HMAC-SHA256-TRAILER', signed.date, signed.scope, previous, sha256(lines)], value)
      return
    }
    trailers[name] = value
    lines += `${name}:${value}\n`
  }
  if (signed && lines !== '') throw new S3Error('SignatureDoesNotMatch')
}

function checked(signed: Signed, text: string[], signature: string | undefined): string {
  const expected = hmac(signed.key, text.join('\n')).toString('hex')
  if (signature === undefined || !sameHex(expected, signature)) throw new S3Error('SignatureDoesNotMatch')
  return expected
}
