import { z } from 'zod'
import { RescueError } from '../errors/rescue-error.ts'
import type { CommandResult, RemoteCommand, RemoteHost } from '../ports/remote-host.ts'
import { parseAnswer } from './answers.ts'
import { type Container, type ContainerRuntime, containerId, LIST_BYTES } from './container.ts'

const listed = z.object({
  containers: z
    .array(
      z.object({
        id: containerId,
        metadata: z.object({ name: z.string() }),
        labels: z.record(z.string(), z.string()).optional(),
        state: z.string(),
        /** Nanoseconds since 1970, as a string. */
        createdAt: z.union([z.string().regex(/^\d{1,20}$/), z.number()]),
      }),
    )
    .max(10_000),
})

const inspected = z.object({
  status: z.object({ image: z.object({ image: z.string() }).optional(), imageRef: z.string().optional() }),
  info: z.object({ pid: z.number().optional() }).optional(),
})

const STATES = new Map<string, Container['state']>([
  ['CONTAINER_RUNNING', 'running'],
  ['CONTAINER_EXITED', 'exited'],
])

/**
 * crictl gives its runtime 2 s, which a busy node may not keep. It says so by whatever came last (seen: that the socket of another
 * runtime is not there), so any failure of its own is asked about once more, with more time. All that goes through here can be
 * done twice.
 */
async function patiently(host: RemoteHost, command: RemoteCommand): Promise<CommandResult> {
  try {
    return await host.run(command)
  } catch (error) {
    const isItsOwn =
      error instanceof RescueError && error.code === 'HOST_COMMAND' && /exit code 1\b/.test(error.message)
    if (!isItsOwn) throw error
    const [program, ...rest] = command.argv
    return host.run({ ...command, argv: [program, '--timeout', '10s', ...rest] })
  }
}

/** containerd and CRI-O by crictl. */
export function criRuntime(host: RemoteHost, program: string): ContainerRuntime {
  const list = async (...which: string[]): Promise<Container[]> => {
    const argv = [program, 'ps', ...which, '-o', 'json'] as const
    const { stdout } = await patiently(host, { effect: 'read', argv, maxOutputBytes: LIST_BYTES })
    return parseAnswer(host, 'crictl ps', stdout, listed).containers.map((one) => ({
      id: one.id,
      name: one.labels?.['io.kubernetes.container.name'] ?? one.metadata.name,
      pod: one.labels?.['io.kubernetes.pod.name'] ?? '',
      createdAt: new Date(Number(one.createdAt) / 1e6),
      state: STATES.get(one.state) ?? 'other',
    }))
  }
  return {
    program,
    list: () => list(),
    listEnded: async () => (await list('-a')).filter(({ state }) => state === 'exited'),
    remove: async (ids) => void (await host.run({ effect: 'change', argv: [program, 'rm', ...ids] })),
    stop: async (id, { timeoutSeconds, signal }) => {
      const { withheld } = await patiently(host, {
        effect: 'change',
        argv: [program, 'stop', '--timeout', String(timeoutSeconds), id],
        timeoutMs: (timeoutSeconds + 60) * 1000,
        ...(signal ? { signal } : {}),
      })
      return withheld !== true
    },
    inspect: async (id) => {
      const { stdout } = await patiently(host, { effect: 'read', argv: [program, 'inspect', '-o', 'json', id] })
      const { status, info } = parseAnswer(host, 'crictl inspect', stdout, inspected)
      return { image: status.image?.image || status.imageRef || '', pid: info?.pid ?? 0 }
    },
    exec: async (id, argv, okCodes) => {
      const { stdout } = await host.run({
        effect: 'read',
        argv: [program, 'exec', id, ...argv],
        ...(okCodes ? { okCodes } : {}),
      })
      return stdout
    },
  }
}
