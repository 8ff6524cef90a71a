import { connect, createServer, type Socket } from 'node:net'

/** A TCP relay on loopback that can misbehave. */
export interface TcpProxy {
  port: number
  /** Connections accepted so far. */
  accepted(): number
  /** Resets every open connection. */
  cut(): void
  /** Resets the next connection after this many bytes came from the server. */
  cutAfter(bytes: number): void
  /** From now on nothing is passed on, and nothing is closed: a dead network. */
  freeze(): void
  stop(): Promise<void>
}

export async function startProxy(target: { address: string; port: number }): Promise<TcpProxy> {
  const open = new Set<Socket>()
  let accepted = 0
  let limit = Number.POSITIVE_INFINITY
  const server = createServer((near) => {
    accepted += 1
    const far = connect({ host: target.address, port: target.port })
    let left = limit
    limit = Number.POSITIVE_INFINITY
    const drop = () => {
      near.resetAndDestroy()
      far.resetAndDestroy()
    }
    for (const socket of [near, far]) {
      open.add(socket)
      socket.on('error', drop)
      socket.once('close', () => open.delete(socket))
    }
    far.on('data', (chunk) => {
      left -= chunk.length
      if (left < 0) drop()
    })
    near.pipe(far).pipe(near)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    port: address.port,
    accepted: () => accepted,
    cut: () => {
      for (const socket of open) socket.resetAndDestroy()
    },
    cutAfter: (bytes) => {
      limit = bytes
    },
    freeze: () => {
      for (const socket of open) socket.unpipe().pause()
    },
    stop: async () => {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
