import { RescueError } from '../../errors/rescue-error.ts'
import type { EtcdClient, LiveEtcd } from '../../ports/etcd.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'
import { readCertificate, unusableCertificates } from './client-certificate.ts'
import { type ConnectOptions, connectEtcd } from './connect.ts'

/** kOps' client ports on every control-plane node (kubernetes/kops, pkg/wellknownports; FACTS 6 for main and events). */
export const clientPorts: Readonly<Record<string, number>> = { main: 4001, events: 4002, cilium: 4003, leases: 4004 }

export interface LiveEtcdOptions {
  /** The control plane, in the order in which it is tried. */
  hosts: readonly RemoteHost[]
  /** `main`, `events`, … */
  etcdCluster: string
  /** Default: kOps' port of that etcd cluster. */
  port?: number
  /** Default true. kOps' feature flag EtcdEventsHTTP makes `events` (and `leases`) plain text. */
  tls?: boolean
  /** A directory on the nodes with the client certificate, looked into before those of kOps. */
  certificateDir?: string | undefined
  /** Of each call. Default 10 s. */
  deadlineMs?: number
}

/** The cluster's own etcd over SSH forwards. The client key is read from the node and stays in memory. */
export function liveEtcd(options: LiveEtcdOptions): LiveEtcd {
  return {
    mustBeReadable: async () =>
      options.tls === false ? [] : unusableCertificates(options.hosts, options.certificateDir, new Date()),
    connect: async ({ node, timeoutMs } = {}) => {
      const hosts = options.hosts.filter(({ name }) => node === undefined || name === node)
      const said: string[] = []
      for (const host of hosts) {
        try {
          return await connectThrough(host, options, timeoutMs)
        } catch (error) {
          said.push(`${host.name}: ${error instanceof Error ? error.message : error}`)
        }
      }
      const names = node ?? 'any control-plane node'
      throw new RescueError(
        'ETCD_UNREACHABLE',
        `etcd ${options.etcdCluster} cannot be reached on ${names}: ${said.join('; ')}`,
        {
          hint: 'see on the nodes whether etcd-manager runs and its etcd has a quorum: `crictl ps`, /var/log/etcd.log',
        },
      )
    },
  }
}

/** Resolves only when the member has answered. */
async function connectThrough(host: RemoteHost, options: LiveEtcdOptions, timeoutMs?: number): Promise<EtcdClient> {
  const port = options.port ?? clientPorts[options.etcdCluster]
  if (port === undefined) {
    throw new RescueError('CONFIG_INVALID', `kOps has no etcd cluster ${options.etcdCluster}`, {
      hint: `it is one of ${Object.keys(clientPorts).join(', ')}`,
    })
  }
  const tls = options.tls === false ? undefined : await readCertificate(host, options.certificateDir)
  const forward = await host.forward(port)
  const deadlineMs = timeoutMs ?? options.deadlineMs
  const connection = { socketPath: forward.socketPath, name: `${host.name}:${port}` }
  try {
    const client = await answering({
      ...connection,
      ...(tls && { tls }),
      ...(deadlineMs !== undefined && { deadlineMs }),
    })
    const close = async () => {
      await client.close()
      await forward.close()
    }
    return { ...client, close }
  } catch (error) {
    const problem = forward.problem?.()
    await forward.close()
    throw problem === undefined ? error : unreachable(problem, error)
  }
}

function unreachable(problem: string, cause: unknown): RescueError {
  return new RescueError('ETCD_UNREACHABLE', problem, { hint: 'see on the node whether etcd runs: crictl ps', cause })
}

async function answering(connection: ConnectOptions): Promise<EtcdClient> {
  const client = await connectEtcd(connection)
  try {
    await client.status()
    return client
  } catch (error) {
    await client.close()
    throw error
  }
}
