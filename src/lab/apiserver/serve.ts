import { createServer, type ServerOptions } from 'node:https'
import type { Gateway } from '../etcd/gateway.ts'
import { listPods } from './pods.ts'

/** `/api/v1/namespaces/<namespace>/pods`, the only thing that the sandbox's kubelets ask for. */
const PODS = /^\/api\/v1\/namespaces\/([a-z0-9-]+)\/pods$/

export interface Listener {
  address: string
  port: number
  /** `cert` and `key` of the server, `ca` of those who may ask. */
  tls: Pick<ServerOptions, 'ca' | 'cert' | 'key'>
}

/** The API server's own port: TLS both ways, answers read from etcd each time, 500 where etcd gives none. */
export function serveApi({ address, port, tls }: Listener, etcd: Gateway): Promise<void> {
  const server = createServer({ ...tls, requestCert: true, rejectUnauthorized: true }, async (request, answer) => {
    const reply = (status: number, body: unknown) => answer.writeHead(status).end(JSON.stringify(body))
    const [, namespace] = PODS.exec(request.url ?? '') ?? []
    if (namespace === undefined) return reply(404, { kind: 'Status', status: 'Failure', reason: 'NotFound' })
    try {
      reply(200, { kind: 'PodList', apiVersion: 'v1', items: await listPods(etcd, namespace) })
    } catch (error) {
      reply(500, { kind: 'Status', status: 'Failure', message: String(error) })
    }
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, address, () => resolve())
  })
}
