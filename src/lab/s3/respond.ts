import { closeSync, createReadStream, openSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { Answer } from './exchange.ts'
import type { Fault } from './faults.ts'
import type { S3Error } from './s3-error.ts'
import { xmlDocument } from './xml.ts'

/** Sends an answer; faults change or cut its body on the way. */
export async function respond(response: ServerResponse, answer: Answer, head: boolean, fault?: Fault): Promise<void> {
  const { status, headers = {}, body } = answer
  const text = typeof body === 'string' ? Buffer.from(body) : undefined
  response.writeHead(status, {
    ...(text && { 'content-type': 'application/xml', 'content-length': String(text.length) }),
    ...(!body && status !== 204 && status !== 304 && { 'content-length': '0' }),
    ...headers,
  })
  if (head || !body) response.end()
  else await pipeline(damaged(text ? [text] : piecesOf(body as FileBody), response, fault), response)
}

export function errorAnswer(error: S3Error, resource: string, requestId: string): Answer {
  const fields = { Code: error.code, Message: error.message, Resource: resource, RequestId: requestId, ...error.extra }
  return { status: error.status, body: xmlDocument('Error', fields, false) }
}

type FileBody = Exclude<Answer['body'], string | undefined>

/** The files are opened before the first byte: an object that is overwritten now is still read to its end. */
async function* piecesOf({ files, start, length }: FileBody): AsyncGenerator<Buffer> {
  const open = files.map((file) => ({ fd: openSync(file.path, 'r'), size: file.size }))
  try {
    let skip = start
    let left = length
    for (const { fd, size } of open) {
      const from = Math.min(skip, size)
      const count = Math.min(size - from, left)
      skip -= from
      left -= count
      if (count === 0) continue
      const range = { fd, autoClose: false, start: from, end: from + count - 1, highWaterMark: 1 << 18 }
      for await (const chunk of createReadStream('', range)) yield chunk as Buffer
    }
  } finally {
    for (const { fd } of open) closeSync(fd)
  }
}

async function* damaged(pieces: Iterable<Buffer> | AsyncIterable<Buffer>, response: ServerResponse, fault?: Fault) {
  let at = 0
  for await (const piece of pieces) {
    const next = at + piece.length
    if (fault?.kind === 'cut-download' && fault.at < next) {
      if (fault.at > at) yield piece.subarray(0, fault.at - at)
      setTimeout(() => response.destroy(), 20) // after the bytes before the cut have left
      await new Promise(() => undefined)
    }
    if (fault?.kind === 'wrong-bytes' && fault.at >= at && fault.at < next) {
      const changed = Buffer.from(piece)
      changed.writeUInt8((changed.readUInt8(fault.at - at) + 1) % 256, fault.at - at)
      yield changed
    } else yield piece
    at = next
  }
}
