import { Readable } from 'node:stream'
import type { OnCall } from '../../ports/calls.ts'
import type { RemoteCommand, RemoteHost } from '../../ports/remote-host.ts'
import { commandLine } from './line.ts'

const tell = (host: RemoteHost, onCall: OnCall, command: RemoteCommand, withheld: boolean) =>
  onCall({ where: host.name, effect: command.effect, withheld, line: commandLine(command.argv) })

/** Tells each command before it runs. */
export function traceHost(host: RemoteHost, onCall: OnCall): RemoteHost {
  return decorate(host, {
    run: (command) => {
      tell(host, onCall, command, false)
      return host.run(command)
    },
    stream: (command) => {
      tell(host, onCall, command, false)
      return host.stream(command)
    },
  })
}

/** Lets reads through. A change answers "exit 0, no output", so that a step over many nodes shows all that it would do. */
export function withholdHost(host: RemoteHost, onCall: OnCall): RemoteHost {
  return decorate(host, {
    run: async (command) => {
      if (command.effect === 'read') return host.run(command)
      tell(host, onCall, command, true)
      return { code: 0, stdout: '', stderr: '', withheld: true }
    },
    stream: async (command) => {
      if (command.effect === 'read') return host.stream(command)
      tell(host, onCall, command, true)
      return { stdout: Readable.from([]), done: Promise.resolve({ code: 0, stderr: '' }), cancel: () => {} }
    },
  })
}

/** Forwards go through: what changes over them is withheld by the client that uses them. */
function decorate(host: RemoteHost, over: Pick<RemoteHost, 'run' | 'stream'>): RemoteHost {
  const { name, address, role, root } = host
  return {
    name,
    address,
    role,
    root,
    ...over,
    forward: (port, to) => host.forward(port, to),
    rest: () => host.rest(),
    close: () => host.close(),
  }
}
