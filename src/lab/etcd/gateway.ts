import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { createSecureContext } from 'node:tls'
import { jsonLines } from '../json-lines.ts'

export interface GatewayTarget {
  address: string
  port: number
  ca: string
  cert: string
  key: string
}

export interface Gateway {
  /** One call of etcd's JSON gateway, `/v3/…`. Rejects with a plain Error after `timeoutMs` (default 5 s). */
  call<T>(path: string, body: unknown, timeoutMs?: number): Promise<T>
  /** A call that answers again and again, one JSON value a line, until either side ends it. */
  stream<T>(path: string, body: unknown, signal?: AbortSignal): AsyncGenerator<T>
  close(): void
}

const MAX_ANSWER_BYTES = 64 * 1024 * 1024

/**
 * A small client of etcd's own JSON gateway. The sandbox uses it and not the product's etcd client: a world that shares
 * its parts with what it tests would hide their faults, and three light processes start faster.
 */
export function openGateway(target: GatewayTarget): Gateway {
  const { address, port, ca, cert, key } = target
  // made once: who asks an etcd that is away again and again would read the keys anew for every try
  const secureContext = createSecureContext({ ca, cert, key })
  const agent = new Agent({ keepAlive: true, maxSockets: 64, secureContext })

  function call<T>(path: string, body: unknown, timeoutMs = 5_000): Promise<T> {
    return new Promise((resolve, reject) => {
      const options = { host: address, port, path, method: 'POST', agent, signal: AbortSignal.timeout(timeoutMs) }
      const sent = request(options, (answer) => {
        const chunks: Buffer[] = []
        let size = 0
        answer.on('data', (chunk: Buffer) => {
          size += chunk.length
          if (size > MAX_ANSWER_BYTES) answer.destroy(new Error(`answer of ${path} is too large`))
          else chunks.push(chunk)
        })
        answer.on('error', reject)
        answer.on('end', () => finish(answer.statusCode ?? 0, Buffer.concat(chunks).toString('utf8')))
      })
      const finish = (status: number, text: string) => {
        if (status !== 200) return reject(new Error(`${path}: ${status} ${text.slice(0, 300)}`))
        resolve(JSON.parse(text) as T)
      }
      sent.on('error', reject)
      sent.end(JSON.stringify(body))
    })
  }

  async function* stream<T>(path: string, body: unknown, signal?: AbortSignal): AsyncGenerator<T> {
    const options = { host: address, port, path, method: 'POST', agent, ...(signal === undefined ? {} : { signal }) }
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      request(options, resolve).on('error', reject).end(JSON.stringify(body))
    })
    if (answer.statusCode !== 200) throw new Error(`${path}: ${answer.statusCode}`)
    yield* jsonLines<T>(answer)
  }

  return { call, stream, close: () => agent.destroy() }
}

export const base64 = (text: string | Buffer): string => Buffer.from(text).toString('base64')
