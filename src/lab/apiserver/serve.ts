import type { ServerResponse } from 'node:http'
import { createServer, type ServerOptions } from 'node:https'
import type { Gateway } from '../etcd/gateway.ts'
import { listPods, PODS, podOf } from './pods.ts'
import { type WatchCache, watchCache } from './watch-cache.ts'

/** The only thing that the sandbox's kubelets and controllers ask for. */
const PATH = /^\/api\/v1\/namespaces\/([a-z0-9-]+)\/pods$/

export interface Listener {
  address: string
  port: number
  /** `cert` and `key` of the server, `ca` of those who may ask. */
  tls: Pick<ServerOptions, 'ca' | 'cert' | 'key'>
}

interface Asked {
  namespace: string
  /** `resourceVersion`: not older than, or after; undefined where it is absent, which is now. */
  version: number | undefined
}

const status = (code: number, reason: string, message: string) => ({
  ...{ kind: 'Status', apiVersion: 'v1', status: 'Failure' },
  ...{ code, reason, message },
})

/** The API server's own port: TLS both ways; lists are read from etcd each time, 500 where etcd gives none; watches come from a cache. */
export function serveApi({ address, port, tls }: Listener, etcd: Gateway): Promise<void> {
  const cache = watchCache(etcd, PODS)
  const server = createServer({ ...tls, requestCert: true, rejectUnauthorized: true }, async (request, answer) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'https://kubernetes')
    const [, namespace] = PATH.exec(pathname) ?? []
    if (namespace === undefined) return reply(answer, 404, status(404, 'NotFound', pathname))
    const version = searchParams.get('resourceVersion')
    const asked = { namespace, version: version === null ? undefined : Number(version) }
    if (searchParams.get('watch') === 'true') return watch(cache, asked, answer)
    try {
      await list(etcd, asked, answer)
    } catch (error) {
      reply(answer, 500, status(500, 'InternalError', String(error)))
    }
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, address, () => resolve())
  })
}

const reply = (answer: ServerResponse, code: number, body: unknown) => answer.writeHead(code).end(JSON.stringify(body))

/** "Not older than" a version that is yet to come: 504, in the words of a real one (FACTS 5). */
async function list(etcd: Gateway, { namespace, version = 0 }: Asked, answer: ServerResponse) {
  const pods = await listPods(etcd, namespace)
  const current = Number(pods.metadata.resourceVersion)
  if (version > current) {
    const why = `Too large resource version: ${version}, current: ${current}`
    return reply(answer, 504, status(504, 'Timeout', why))
  }
  reply(answer, 200, { kind: 'PodList', apiVersion: 'v1', ...pods })
}

/** One event a line; that a version is too old to go on from is one, too, and the last (FACTS 5). */
function watch(cache: WatchCache, { namespace, version = 0 }: Asked, answer: ServerResponse) {
  const send = (type: string, object: unknown) => answer.write(`${JSON.stringify({ type, object })}\n`)
  const stop = cache.watch(version, {
    onEvent: ({ key, value, revision, isNew }) => {
      const pod = podOf(key, value, revision)
      if (pod.metadata.namespace !== namespace) return
      send(value === undefined ? 'DELETED' : isNew ? 'ADDED' : 'MODIFIED', pod)
    },
    onEnd: () => answer.end(),
  })
  if (stop === undefined) {
    return reply(answer, 429, status(429, 'TooManyRequests', 'storage is (re)initializing'))
  }
  answer.flushHeaders()
  if (typeof stop === 'function') return answer.on('close', stop)
  send('ERROR', status(410, 'Expired', `too old resource version: ${version} (${stop})`))
  answer.end()
}
