import { connect } from 'node:net'
import type { Connection } from 'ssh2'

/** `direct-tcpip`: what the client calls 127.0.0.1 is this node's own address, where its etcd listens. */
export function serveForwards(connection: Connection, address: string): void {
  connection.on('tcpip', (accept, reject, { destIP, destPort }) => {
    const host = isLocal(destIP) ? address : destIP
    if (!host.startsWith('127.')) return reject()
    const socket = connect({ host, port: destPort, noDelay: true })
    socket.once('error', () => reject())
    socket.once('connect', () => {
      socket.removeAllListeners('error')
      const channel = accept()
      const end = () => {
        socket.destroy()
        channel.destroy()
      }
      socket.on('error', end)
      channel.on('error', end)
      channel.on('close', () => socket.destroy())
      socket.pipe(channel).pipe(socket)
    })
  })
}

const isLocal = (host: string): boolean => host === '127.0.0.1' || host === 'localhost' || host === '::1'
