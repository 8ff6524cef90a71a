import type { Socket } from 'node:net'
import type { Connection } from 'ssh2'
import type { LabNode } from '../layout.ts'
import { pathsOf } from '../layout.ts'
import type { Spawner } from '../spawner/start.ts'
import { authenticate } from './auth.ts'
import { type ExecWorld, serveSession } from './exec.ts'
import type { NodeFaults } from './faults.ts'
import { serveForwards } from './forward.ts'
import type { SshKeys } from './keys.ts'

export interface SshServer {
  close(): Promise<void>
}

export interface ServedNode {
  node: LabNode
  keys: SshKeys
  faults: NodeFaults
  /** Runs the commands. */
  spawner: Spawner
}

/** The node's SSH server, in this process, on the node's own address. Commands see the node's shims first in PATH. */
export async function startSshServer({ node, keys, faults, spawner }: ServedNode): Promise<SshServer> {
  const { default: ssh2 } = await import('ssh2')
  const allowed = ssh2.utils.parseKey(keys.clientPublic)
  const hostKey = keys.hostKeys.get(node.name)
  if (allowed instanceof Error || hostKey === undefined) throw new Error(`no usable SSH keys for ${node.name}`)
  const connections = new Set<Connection>()
  const server = new ssh2.Server({ hostKeys: [hostKey], ident: 'etcd-rescue-drill' }, (connection) => {
    connections.add(connection)
    connection.on('close', () => connections.delete(connection))
    connection.on('error', () => undefined) // a client that goes away is the client's affair
    if (faults.down) return connection.end()
    connection.on('authentication', authenticate(allowed, faults))
    connection.on('ready', () => serve(connection, { node, faults, spawner }))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(node.port, node.address, () => resolve())
  })
  return {
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const connection of connections) destroy(connection)
      await closed
    },
  }
}

function serve(connection: Connection, { node, ...given }: Omit<ServedNode, 'keys'>): void {
  socketOf(connection)?.setNoDelay(true)
  const world: ExecWorld = { ...given, env: nodeEnv(node), cwd: node.root, cut: () => destroy(connection) }
  connection.on('session', (accept) => serveSession(accept(), world))
  serveForwards(connection, node.address)
}

/** A hard cut: `end` alone waits for the other side. */
function destroy(connection: Connection): void {
  connection.end()
  socketOf(connection)?.destroy()
}

/** ssh2 offers no way to the socket of a server's connection. */
function socketOf(connection: Connection): Socket | undefined {
  return (connection as unknown as { _sock?: Socket })._sock
}

/** What a command on the node sees: nothing of the operator's environment but the way to the system's programs. */
export function nodeEnv(node: LabNode): NodeJS.ProcessEnv {
  const { bin, tmp } = pathsOf(node)
  const system = process.env.PATH ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
  return { PATH: `${bin}:${system}`, HOME: node.root, TMPDIR: tmp, LANG: 'C', LC_ALL: 'C', TZ: 'UTC' }
}
