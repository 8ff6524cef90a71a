import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Client } from 'ssh2'
import type { Forward } from '../../ports/remote-host.ts'
import { lastLines } from './failures.ts'

/** The kernel's limit for a socket's path is 107 bytes; a long TMPDIR does not leave that much. */
const LONGEST_PATH = 100

/** A fresh 0700 directory for a socket named `port`. */
export async function socketDir(): Promise<string> {
  const wanted = join(tmpdir(), 'etcd-rescue-')
  return mkdtemp(wanted.length + 'XXXXXX/port'.length > LONGEST_PATH ? '/tmp/etcd-rescue-' : wanted)
}

export interface ForwardParts {
  /** The node's connection, opened again when it broke. */
  connect(): Promise<Client>
  /** As seen from the node. */
  host: string
  port: number
}

/** A unix socket whose connections come out at a port of the node. */
export async function openForward(parts: ForwardParts): Promise<Forward> {
  const dir = await socketDir()
  const socketPath = join(dir, 'port')
  const open = new Set<Socket>()
  let problem: string | undefined
  const server = createServer((socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    socket.on('error', () => {})
    void relay(socket, parts, (why) => {
      problem = why
    })
  })
  try {
    await listen(server, socketPath)
    await chmod(socketPath, 0o600)
  } catch (error) {
    await rm(dir, { recursive: true, force: true })
    throw error
  }
  const close = async () => {
    for (const socket of open) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
    await rm(dir, { recursive: true, force: true })
  }
  return { socketPath, problem: () => problem, close }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
}

async function relay(
  socket: Socket,
  { connect, host, port }: ForwardParts,
  onProblem: (why: string) => void,
): Promise<void> {
  const fail = (why: string) => {
    onProblem(`nothing answers at port ${port} of the node (${lastLines(why)})`)
    socket.destroy()
  }
  try {
    const client = await connect()
    client.forwardOut('127.0.0.1', 0, host, port, (error, channel) => {
      if (error) return fail(error.message)
      if (socket.destroyed) return channel.close()
      channel.on('error', () => {})
      channel.pipe(socket)
      socket.pipe(channel)
      socket.once('close', () => channel.close())
      channel.once('close', () => socket.end())
    })
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error))
  }
}
