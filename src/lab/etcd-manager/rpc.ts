import { createServer, request, type Server } from 'node:http'
import { messageOf } from './log.ts'

/** What one etcd-manager asks of another, by name. Arguments and answers are JSON. */
export type Handlers = Record<string, (body: never) => Promise<unknown>>

const MAX_BODY = 1024 * 1024

/** Listens on this node's own address; only who knows the sandbox's secret is heard. */
export function serveRpc(address: string, port: number, secret: string, handlers: Handlers): Promise<Server> {
  const server = createServer(async (incoming, answer) => {
    const reply = (status: number, body: unknown) => answer.writeHead(status).end(JSON.stringify(body ?? null))
    const handler = handlers[(incoming.url ?? '').slice(1)]
    if (incoming.headers.authorization !== secret || handler === undefined) return reply(404, 'not for you')
    try {
      reply(200, await handler(JSON.parse(await readBody(incoming)) as never))
    } catch (error) {
      reply(500, messageOf(error))
    }
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, address, () => resolve(server))
  })
}

async function readBody(stream: NodeJS.ReadableStream): Promise<string> {
  let text = ''
  for await (const chunk of stream) {
    text += chunk
    if (text.length > MAX_BODY) throw new Error('request too large')
  }
  return text
}

/** One request to a peer `address:port`. Rejects with what the peer said, or after the deadline. */
export function callPeer<T>(
  peer: string,
  secret: string,
  method: string,
  body: unknown,
  timeoutMs: number,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const [host, port] = peer.split(':')
    const signal = AbortSignal.timeout(timeoutMs)
    const options = {
      host,
      port,
      path: `/${method}`,
      method: 'POST',
      headers: { authorization: secret },
      signal,
      agent: false as const,
    }
    const sent = request(options, (answer) => {
      readBody(answer).then((text) => {
        const value = JSON.parse(text) as T
        if (answer.statusCode === 200) resolve(value)
        else reject(new Error(String(value)))
      }, reject)
    })
    sent.on('error', reject)
    sent.end(JSON.stringify(body ?? null))
  })
}
