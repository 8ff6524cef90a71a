import { z } from 'zod'
import type { RemoteHost } from '../ports/remote-host.ts'
import { parseAnswer } from './answers.ts'
import { type Container, type ContainerRuntime, containerId, LIST_BYTES } from './container.ts'

/** Both programs know this template language; one JSON value a line. `.State` is younger than the nodes that have docker. */
const FORMAT =
  '{"id":{{json .ID}},"name":{{json (.Label "io.kubernetes.container.name")}},"pod":{{json (.Label "io.kubernetes.pod.name")}},"status":{{json .Status}},"createdAt":{{json .CreatedAt}}}'

const line = z.object({
  id: containerId,
  name: z.string(),
  pod: z.string(),
  status: z.string(),
  createdAt: z.string(),
})

const inspected = z
  .array(
    z.object({
      Config: z.object({ Image: z.string().optional() }).optional(),
      Image: z.string().optional(),
      State: z.object({ Pid: z.number().optional() }).optional(),
    }),
  )
  .min(1)

/** docker with the old dockershim, and nerdctl, which speaks as docker does. */
export function dockerRuntime(host: RemoteHost, program: [string, ...string[]]): ContainerRuntime {
  const read = async (argv: string[], okCodes: readonly number[] = [0]) =>
    (await host.run({ effect: 'read', argv: [...program, ...argv], maxOutputBytes: LIST_BYTES, okCodes })).stdout
  const list = async (...which: string[]): Promise<Container[]> => {
    const text = await read(['ps', ...which, '--no-trunc', '--format', FORMAT])
    return text
      .split('\n')
      .filter((one) => one.trim() !== '')
      .map((one) => parseAnswer(host, `${program[0]} ps`, one, line))
      .map(({ id, name, pod, status, createdAt }) => ({
        id,
        name,
        pod,
        createdAt: dateOf(createdAt),
        state: status.startsWith('Up') ? 'running' : status.startsWith('Exited') ? 'exited' : 'other',
      }))
  }
  return {
    program: program.join(' '),
    list: () => list(),
    listEnded: async () => (await list('-a')).filter(({ state }) => state === 'exited'),
    remove: async (ids) => void (await host.run({ effect: 'change', argv: [...program, 'rm', ...ids] })),
    stop: async (id, { timeoutSeconds, signal }) => {
      const { withheld } = await host.run({
        effect: 'change',
        argv: [...program, 'stop', '--time', String(timeoutSeconds), id],
        timeoutMs: (timeoutSeconds + 60) * 1000,
        ...(signal ? { signal } : {}),
      })
      return withheld !== true
    },
    inspect: async (id) => {
      const [one] = parseAnswer(host, `${program[0]} inspect`, await read(['inspect', id]), inspected)
      return { image: one?.Config?.Image ?? one?.Image ?? '', pid: one?.State?.Pid ?? 0 }
    },
    exec: (id, argv, okCodes) => read(['exec', id, ...argv], okCodes),
  }
}

/** `2024-03-21 13:02:05 +0000 UTC`: the zone's name is a comment to Go and an error to JavaScript. */
function dateOf(text: string): Date {
  const match = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d+)? ([+-]\d\d)(\d\d)/.exec(text)
  const date = match ? new Date(`${match[1]}T${match[2]}${match[3]}:${match[4]}`) : new Date(text)
  return Number.isNaN(date.getTime()) ? new Date(0) : date
}
