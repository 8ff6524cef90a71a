import { isIP } from 'node:net'
import { checkServerIdentity } from 'node:tls'
import type { Client, ClientDuplexStream, ClientReadableStream, Metadata, ServiceError } from '@grpc/grpc-js'
import { explainRpcError } from './rpc-errors.ts'

/** Certificates as PEM. The name is the one to look for in the server's certificate; an address is fine. */
export interface EtcdTls {
  ca: Buffer
  cert: Buffer
  key: Buffer
  /** Default `127.0.0.1`, which etcd-manager puts into every server certificate (its pkg/etcd/pki.go). */
  serverName?: string
}

export type ServiceName = 'KV' | 'Maintenance' | 'Cluster' | 'Lease'

/** Calls of one channel. Nothing is retried here: a repeated change may have happened already. */
export interface Rpc {
  readonly endpoint: string
  /** Rejects with a `RescueError`; never later than the deadline. */
  call<T>(service: ServiceName, method: string, request: object, deadlineMs?: number): Promise<T>
  /** The caller must end it with `cancel()`: destroying it keeps the process alive (STACK, etcd3 3). */
  stream<T>(service: ServiceName, method: string, request: object): Promise<ClientReadableStream<T>>
  /** Both ways. The caller must end it with `cancel()`, as a stream. */
  duplex<Q, T>(service: ServiceName, method: string): Promise<ClientDuplexStream<Q, T>>
  close(): void
}

/** 64 MiB is far above etcd's largest answer to a page of ours, and far below what hurts. */
const MAX_MESSAGE = 64 << 20

const channelOptions = {
  'grpc.max_receive_message_length': MAX_MESSAGE,
  'grpc.max_send_message_length': MAX_MESSAGE,
  // 300 MB/s instead of 206, and through an SSH forward 336 instead of 1.5 (STACK)
  'grpc-node.flow_control_window': 1 << 20,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1000,
  // two clients in one process must not share a channel: one of them may be closed
  'grpc.use_local_subchannel_pool': 1,
}

type Unary = (
  request: object,
  metadata: Metadata,
  options: { deadline: number },
  done: (error: ServiceError | null, answer: unknown) => void,
) => void
type Streaming = (request: object, metadata: Metadata) => ClientReadableStream<unknown>
type Duplex = (metadata: Metadata) => ClientDuplexStream<unknown, unknown>

/**
 * Opens a channel to one member. etcd3's connection pool is left out on purpose: it retries, opens circuit breakers and
 * cannot check a certificate's name on a unix socket; its services and messages are used.
 */
export async function openRpc(
  target: string,
  tls: EtcdTls | undefined,
  deadlineMs: number,
  endpoint = target,
): Promise<Rpc> {
  const [grpc, { Host }] = await Promise.all([import('@grpc/grpc-js'), import('etcd3/lib/connection-pool.js')])
  const credentials = tls
    ? grpc.credentials.createSsl(tls.ca, tls.key, tls.cert, { checkServerIdentity: nameCheck(tls) })
    : grpc.credentials.createInsecure()
  const host = new Host(target, credentials, { ...channelOptions, ...sni(tls) })
  const method = (service: ServiceName, name: string) => {
    const client = host.getServiceClient(service) as Client & Record<string, Unary & Streaming & Duplex>
    return client[name]?.bind(client) as Unary & Streaming & Duplex
  }
  return {
    endpoint,
    call: <T>(service: ServiceName, name: string, request: object, limit = deadlineMs) =>
      new Promise<T>((resolve, reject) => {
        method(service, name)(request, new grpc.Metadata(), { deadline: Date.now() + limit }, (error, answer) =>
          error ? reject(explainRpcError(error, endpoint)) : resolve(answer as T),
        )
      }),
    stream: async <T>(service: ServiceName, name: string, request: object) =>
      method(service, name)(request, new grpc.Metadata()) as ClientReadableStream<T>,
    duplex: async <Q, T>(service: ServiceName, name: string) =>
      method(service, name)(new grpc.Metadata()) as ClientDuplexStream<Q, T>,
    close: () => host.close(),
  }
}

function nameCheck({ serverName = '127.0.0.1' }: EtcdTls) {
  return (_host: string, certificate: Parameters<typeof checkServerIdentity>[1]) =>
    checkServerIdentity(serverName, certificate)
}

/** An address as TLS server name is against RFC 6066 and makes Node warn on stderr. */
function sni(tls: EtcdTls | undefined): Record<string, string> {
  if (!tls) return {}
  const { serverName = '127.0.0.1' } = tls
  return { 'grpc.ssl_target_name_override': isIP(serverName) ? 'localhost' : serverName }
}
