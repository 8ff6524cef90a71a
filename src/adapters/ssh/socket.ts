import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Client } from 'ssh2'
import { AttemptError, socketFailure } from './attempt.ts'

/** A TCP connection to a node, directly. Rejects with `AttemptError`. */
export function connectTcp(host: string, port: number, timeoutMs: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true })
    const fail = (error: unknown) => {
      socket.destroy()
      reject(new AttemptError(socketFailure(error)))
    }
    const timer = setTimeout(() => {
      fail(Object.assign(new Error(`no answer within ${timeoutMs / 1000}s`)))
    }, timeoutMs)
    socket.once('error', fail)
    socket.once('connect', () => {
      clearTimeout(timer)
      socket.off('error', fail)
      resolve(socket)
    })
    socket.once('close', () => clearTimeout(timer))
  })
}

/** The same through a jump host's connection. */
export function connectThrough(via: Client, host: string, port: number, timeoutMs: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const fail = (kind: 'busy' | 'unreachable', why: string, cause?: unknown) => {
      clearTimeout(timer)
      reject(new AttemptError({ kind, why, cause }))
    }
    let late = false
    const timer = setTimeout(() => {
      late = true
      fail('unreachable', `no answer through the jump host within ${timeoutMs / 1000}s`)
    }, timeoutMs)
    try {
      via.forwardOut('127.0.0.1', 0, host, port, (error, channel) => {
        if (error) {
          const why = `the jump host cannot reach it (${error.message})`
          return fail(/refused/i.test(error.message) ? 'busy' : 'unreachable', why, error)
        }
        if (late) return channel.close()
        clearTimeout(timer)
        resolve(channel)
      })
    } catch (error) {
      // forwardOut throws when the jump host's own connection is gone
      fail('busy', 'the connection to the jump host broke', error)
    }
  })
}
