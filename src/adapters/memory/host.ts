import { RescueError } from '../../errors/rescue-error.ts'
import type { RemoteCommand, RemoteHost, RemoteStream } from '../../ports/remote-host.ts'
import { createMemoryForward } from './host-forward.ts'
import { heard, type Noise } from './host-noise.ts'
import { type MemoryProcess, type MemoryReply, play } from './host-process.ts'

/** Answers a command, or undefined for one that it does not know (exit 127, as a shell says). */
export type MemoryScript = (argv: readonly string[], stdin: Buffer) => MemoryReply | undefined

export interface MemoryHostOptions {
  name?: string
  address?: string
  role?: RemoteHost['role']
  root?: string
  script: MemoryScript
  noise?: Noise
  /** What listens on the node's ports: takes each connection. */
  ports?: Record<number, (socket: NodeJS.ReadWriteStream) => void>
}

/** A node that is a table of answers, for unit tests. Keeps the contract of `ports/remote-host.ts`. */
export interface MemoryHost extends RemoteHost {
  /** Every command that reached the node, retries included. */
  readonly calls: RemoteCommand[]
  /** Ends what runs as a broken connection does; later calls connect again. */
  breakConnection(): void
}

const READ_TRIES = 3

export function memoryHost(options: MemoryHostOptions): MemoryHost {
  const name = options.name ?? 'memory'
  const calls: RemoteCommand[] = []
  const running = new Set<MemoryProcess>()
  const forwards = new Set<{ close(): Promise<void> }>()
  let closed = false

  const start = (command: RemoteCommand): MemoryProcess => {
    command.signal?.throwIfAborted()
    if (closed) throw lost(name)
    calls.push(command)
    const stdin = Buffer.from(command.stdin ?? '')
    const reply = options.script(command.argv, stdin) ?? { code: 127, stderr: `${command.argv[0]}: not found` }
    const process = play(name, command, options.noise ? heard(name, reply, options.noise) : reply)
    running.add(process)
    process.done.catch(() => {}).finally(() => running.delete(process))
    return process
  }

  const run: RemoteHost['run'] = async (command) => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await start(command).collected()
      } catch (error) {
        const again = error instanceof RescueError && error.code === 'HOST_CONNECTION_LOST' && !closed
        if (!again || command.effect !== 'read' || attempt >= READ_TRIES) throw error
      }
    }
  }

  return {
    name,
    address: options.address ?? name,
    role: options.role ?? 'control-plane',
    root: options.root ?? '/',
    calls,
    run,
    stream: async (command): Promise<RemoteStream> => start(command).streamed(),
    forward: async (port) => {
      const forward = await createMemoryForward(options.ports?.[port])
      forwards.add(forward)
      return forward
    },
    breakConnection: () => {
      for (const process of running) process.fail(lost(name))
    },
    rest: async () => {},
    close: async () => {
      closed = true
      for (const process of running) process.fail(lost(name))
      await Promise.all([...forwards].map((forward) => forward.close()))
    },
  }
}

function lost(name: string): RescueError {
  return new RescueError('HOST_CONNECTION_LOST', `the connection to node ${name} broke`, {
    hint: 'resume: etcd-rescue runs resume',
  })
}
