import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Forward } from '../../ports/remote-host.ts'

/** A real unix socket whose connections go to a function; a port on which nothing listens drops them. */
export async function createMemoryForward(handler?: (socket: Socket) => void): Promise<Forward> {
  const dir = await mkdtemp(join(tmpdir(), 'etcd-rescue-'))
  const socketPath = join(dir, 'port')
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket)
    socket.on('error', () => {})
    if (handler) handler(socket)
    else socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  await chmod(socketPath, 0o600)
  const close = async () => {
    for (const socket of open) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
    await rm(dir, { recursive: true, force: true })
  }
  return { socketPath, close }
}
