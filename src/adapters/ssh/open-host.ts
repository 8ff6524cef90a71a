import { RescueError } from '../../errors/rescue-error.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'
import { haveSystemSsh, whySystemSsh } from './choose.ts'
import type { Endpoint } from './endpoint.ts'
import type { Place } from './failures.ts'
import { type ConnectedHost, createHost } from './host.ts'
import { NoAlgorithms } from './login.ts'
import type { SshHostOptions } from './options.ts'
import { resolveEndpoint } from './resolve.ts'
import { createSshSession, type SshSession } from './session.ts'
import { createSsh2Transport } from './ssh2-transport.ts'
import { createSystemTransport } from './system-transport.ts'
import type { Transport } from './transport.ts'

/**
 * A node over SSH (`ports/remote-host.ts`). Nothing is connected before the first call.
 * Goes through `ssh2`, or through the system's ssh where that cannot do it, and says so by a note.
 */
export function openHost(options: SshHostOptions): RemoteHost {
  const session = options.session ?? createSshSession()
  let made: Promise<ConnectedHost> | undefined
  let fallback: Promise<ConnectedHost> | undefined
  let closed = false
  /** Commands, streams and forwards that need the connection. */
  let users = 0
  const host = () => {
    if (made) return made
    const attempt = open(options, session)
    made = attempt
    attempt.catch(() => {
      if (made === attempt) made = undefined
    })
    return attempt
  }
  /** Runs a call, once more over the system's ssh when the handshake found nothing in common. */
  const call = async <T>(work: (host: ConnectedHost) => Promise<T>): Promise<T> => {
    if (closed) throw closedError(options)
    const first = await host()
    try {
      return await work(first)
    } catch (error) {
      if (!(error instanceof NoAlgorithms)) throw error
      fallback ??= open({ ...options, transport: 'system' }, session, error.message)
      made = fallback
      return await work(await fallback)
    }
  }
  /** Holds the connection until `leave`, or until the work fails. */
  const use = async <T>(work: (leave: () => void) => Promise<T>): Promise<T> => {
    let held = true
    const leave = () => {
      if (held) users -= 1
      held = false
    }
    users += 1
    try {
      return await work(leave)
    } catch (error) {
      leave()
      throw error
    }
  }
  return {
    name: options.name,
    address: options.address,
    role: options.role,
    root: options.root ?? '/',
    run: (command) => use((leave) => call((to) => to.run(command)).finally(leave)),
    stream: (command) =>
      use(async (leave) => {
        const stream = await call((to) => to.stream(command))
        stream.done.then(leave, leave)
        return stream
      }),
    forward: (port, target) =>
      use(async (leave) => {
        const forward = await call((to) => to.forward(port, target))
        return { ...forward, close: () => forward.close().finally(leave) }
      }),
    rest: async () => {
      if (users > 0 || made === undefined) return
      const opened = made
      made = undefined
      fallback = undefined
      await (await opened.catch(() => undefined))?.close()
    },
    close: async () => {
      closed = true
      const opened = await made?.catch(() => undefined)
      await opened?.close()
    },
  }
}

async function open(options: SshHostOptions, session: SshSession, why?: string): Promise<ConnectedHost> {
  const endpoint = await resolveEndpoint(options)
  const place: Place = { name: options.name, host: endpoint.host, port: endpoint.port }
  const transport = await chooseTransport(endpoint, options, session, why)
  return createHost({ options, session, place, transport })
}

async function chooseTransport(
  endpoint: Endpoint,
  options: SshHostOptions,
  session: SshSession,
  given?: string,
): Promise<Transport> {
  const { transport = 'auto', name } = options
  const why = given ?? (transport === 'auto' ? await whySystemSsh(endpoint, session) : undefined)
  if (transport === 'ssh2' || (transport === 'auto' && why === undefined)) {
    return createSsh2Transport(endpoint, options, session)
  }
  if (!(await haveSystemSsh(session))) {
    throw new RescueError('HOST_UNREACHABLE', `node ${name} needs the ssh program of this machine because of ${why}`, {
      hint: 'install it: sudo apt-get install openssh-client',
    })
  }
  options.emit?.({ type: 'note', where: name, line: `connects through the system's ssh: ${why ?? 'asked for'}` })
  return createSystemTransport(endpoint, options, session)
}

function closedError({ name }: SshHostOptions): RescueError {
  return new RescueError('HOST_CONNECTION_LOST', `node ${name}: its connection was closed`, {
    hint: 'resume: etcd-rescue runs resume',
  })
}
