import { z } from 'zod'
import type { RemoteHost } from '../ports/remote-host.ts'
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

/** containerd and CRI-O by crictl. */
export function criRuntime(host: RemoteHost, program: string): ContainerRuntime {
  return {
    program,
    list: async () => {
      const argv = [program, 'ps', '-o', 'json'] as const
      const { stdout } = await host.run({ effect: 'read', argv, maxOutputBytes: LIST_BYTES })
      return parseAnswer(host, 'crictl ps', stdout, listed).containers.map((one) => ({
        id: one.id,
        name: one.labels?.['io.kubernetes.container.name'] ?? one.metadata.name,
        pod: one.labels?.['io.kubernetes.pod.name'] ?? '',
        createdAt: new Date(Number(one.createdAt) / 1e6),
        state: STATES.get(one.state) ?? 'other',
      }))
    },
    stop: async (id, { timeoutSeconds, signal }) => {
      await host.run({
        effect: 'change',
        argv: [program, 'stop', '--timeout', String(timeoutSeconds), id],
        timeoutMs: (timeoutSeconds + 60) * 1000,
        ...(signal ? { signal } : {}),
      })
    },
    inspect: async (id) => {
      const { stdout } = await host.run({ effect: 'read', argv: [program, 'inspect', '-o', 'json', id] })
      const { status, info } = parseAnswer(host, 'crictl inspect', stdout, inspected)
      return { image: status.image?.image || status.imageRef || '', pid: info?.pid ?? 0 }
    },
    exec: async (id, argv) => (await host.run({ effect: 'read', argv: [program, 'exec', id, ...argv] })).stdout,
  }
}
