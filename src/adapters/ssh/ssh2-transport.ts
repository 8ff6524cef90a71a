import type { Client, ClientChannel } from 'ssh2'
import type { Endpoint } from './endpoint.ts'
import { connectionLost, type Place } from './failures.ts'
import { openForward } from './forward.ts'
import type { Login } from './logged-in.ts'
import { login } from './login.ts'
import type { SshHostOptions } from './options.ts'
import { createSemaphore } from './semaphore.ts'
import type { SshSession } from './session.ts'
import { type Ending, type Running, SESSIONS_AT_ONCE, type Transport } from './transport.ts'

/** A node over `ssh2`: one connection, opened at first use and again after it broke. */
export function createSsh2Transport(endpoint: Endpoint, options: SshHostOptions, session: SshSession): Transport {
  const place: Place = { name: options.name, host: endpoint.host, port: endpoint.port }
  const channels = createSemaphore(SESSIONS_AT_ONCE)
  const forwards = new Set<{ close(): Promise<void> }>()
  let current: Promise<Login> | undefined

  const connected = async (): Promise<Client> => {
    if (current && (await current).gone()) current = undefined
    current ??= login(endpoint, options, session)
    const attempt = current
    try {
      return (await attempt).client
    } catch (error) {
      if (current === attempt) current = undefined
      throw error
    }
  }

  const start = async (line: string, signal?: AbortSignal): Promise<Running> => {
    for (;;) {
      const leave = await channels.enter(signal)
      try {
        const channel = await openChannel(await connected(), line, place)
        return runningOn(channel, leave)
      } catch (error) {
        leave()
        if (!(error instanceof ChannelRefused)) throw error
        // fewer sessions are allowed than usual: go on with as many as work, unless none does
        if (channels.inside === 0) throw connectionLost(place, `: sshd refuses sessions (${error.message})`, error)
        channels.narrow(channels.inside)
      }
    }
  }

  return {
    user: endpoint.user,
    start,
    forward: async (host, port) => {
      await connected()
      const forward = await openForward({ connect: connected, host, port })
      forwards.add(forward)
      return { ...forward, close: () => forward.close().finally(() => forwards.delete(forward)) }
    },
    close: async () => {
      await Promise.all([...forwards].map((forward) => forward.close()))
      const opened = await current?.catch(() => undefined)
      current = undefined
      opened?.close()
    },
  }
}

/** sshd would not open another session on this connection; the command did not start. */
class ChannelRefused extends Error {
  override readonly name = 'ChannelRefused'
}

function openChannel(client: Client, line: string, place: Place): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    const lost = (cause: unknown) => reject(connectionLost(place, 'as a command was started', cause))
    try {
      client.exec(line, (error, channel) => {
        if (!error) return resolve(channel)
        const refused = typeof (error as { reason?: unknown }).reason === 'number'
        if (refused) return reject(new ChannelRefused(error.message))
        lost(error)
      })
    } catch (error) {
      lost(error)
    }
  })
}

function runningOn(channel: ClientChannel, leave: () => void): Running {
  const ended = new Promise<Ending>((resolve) => {
    // the code is complete only at `close`; `exit` may come before or after the last output
    channel.once('close', (code?: number | null, signal?: string) => {
      leave()
      if (typeof code === 'number') resolve({ code })
      else if (code === null) resolve({ signal: signal ?? 'unknown' })
      else resolve({ lost: new Error('the connection ended before the command did') })
    })
  })
  channel.on('error', () => {})
  const kill = () => {
    channel.close()
    // what is still buffered must be read for `close` to come
    channel.resume()
    channel.stderr.resume()
    leave()
  }
  return { stdin: channel, stdout: channel, stderr: channel.stderr, ended, kill }
}
