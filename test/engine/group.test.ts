import type { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { expect, test } from 'vitest'
import { memoryJournal } from '../../src/engine/index.ts'
import { RescueError } from '../../src/errors/rescue-error.ts'
import { newRun, planOf, runIt, step } from './support.ts'

const lines = '  - together: [make, squeeze, send]'

async function read(stream: Readable): Promise<number> {
  let bytes = 0
  for await (const chunk of stream) bytes += (chunk as Buffer).length
  return bytes
}

async function write(stream: Writable, chunks: number): Promise<void> {
  await pipeline(async function* () {
    for (let index = 0; index < chunks; index += 1) yield Buffer.alloc(64 * 1024, index)
  }, stream)
}

const writes = (chunks: number) => async (context: { outgoing?: Writable }) => {
  if (context.outgoing) await write(context.outgoing, chunks)
  return {}
}
const reads = async (context: { incoming?: Readable }) => {
  if (context.incoming) await read(context.incoming)
  return {}
}

/** Three steps as take-snapshot, gzip-snapshot and publish-backup are; `log` has what happened in which order. */
function group(log: string[], over: { send?: () => Promise<void> } = {}) {
  return planOf(
    [
      step({
        id: 'make',
        effect: 'local',
        gives: ['made'],
        check: async () => void log.push('check make'),
        act: async ({ outgoing }) => {
          log.push(outgoing ? 'make streams' : 'make alone')
          if (outgoing) await write(outgoing, 256)
          return { made: '16 MiB' }
        },
        verify: async () => void log.push('verify make'),
      }),
      step({
        id: 'squeeze',
        effect: 'local',
        needs: ['made'],
        gives: ['squeezed'],
        check: async () => void log.push('check squeeze'),
        act: async ({ incoming, outgoing, settled }) => {
          log.push(incoming ? 'squeeze reads a stream' : 'squeeze reads a file')
          if (incoming && outgoing) await pipeline(incoming, outgoing)
          const { made } = await settled
          log.push(`squeeze knows ${made}`)
          return { squeezed: 'small' }
        },
        verify: async ({ needs }) => void log.push(`verify squeeze of ${needs.made}`),
      }),
      step({
        id: 'send',
        effect: 'change',
        needs: ['squeezed'],
        gives: ['sent'],
        check: async () => void log.push('check send'),
        act: async ({ incoming }) => {
          const bytes = incoming ? await read(incoming) : 0
          await over.send?.()
          return { sent: String(bytes) }
        },
        happened: async () => undefined,
      }),
    ],
    lines,
  )
}

test('runs at once as a stream; all checks before any act; a later one ends after the earlier was verified', async () => {
  const log: string[] = []
  const { result, statuses } = await runIt(group(log))
  expect(result).toMatchObject({ status: 'succeeded', facts: { sent: String(16 * 1024 * 1024) } })
  expect(statuses).toEqual({ make: 'done', squeeze: 'done', send: 'done' })
  expect(log.slice(0, 3)).toEqual(['check make', 'check squeeze', 'check send'])
  expect(log.indexOf('verify make')).toBeLessThan(log.indexOf('squeeze knows 16 MiB'))
  expect(log.at(-1)).toBe('verify squeeze of 16 MiB')
})

test('one failure ends all, is the one that is told, and the rest is resumed from files', async () => {
  const log: string[] = []
  let broken = true
  const plan = group(log, {
    send: async () => {
      if (broken) throw new RescueError('STORE_FAILED', 'the store went away', { hint: 'wait' })
    },
  })
  const journal = memoryJournal(newRun(plan))
  const first = await runIt(plan, { journal })
  expect(first.result).toMatchObject({ status: 'failed', exitCode: 30, error: { code: 'STORE_FAILED' } })
  expect(first.statuses).toEqual({ make: 'done', squeeze: 'done', send: 'failed' })
  broken = false
  log.length = 0
  const second = await runIt(plan, { journal })
  expect(second.result).toMatchObject({ status: 'succeeded', facts: { sent: '0' } })
  expect(log).toEqual(['check send'])
})

test('a failure in the middle ends both neighbours, also one that waits for bytes', async () => {
  const steps = [
    step({ id: 'make', act: writes(4096) }),
    step({
      id: 'squeeze',
      act: async ({ incoming }) => {
        for await (const _ of incoming ?? []) throw new RescueError('ETCD_FAILED', 'broke', { hint: 'again' })
        return {}
      },
    }),
    step({ id: 'send', effect: 'change', act: reads }),
  ]
  const { result, statuses } = await runIt(planOf(steps, lines))
  expect(result.error).toMatchObject({ code: 'ETCD_FAILED' })
  expect(statuses).toEqual({ make: 'failed', squeeze: 'failed', send: 'failed' })
  expect(result.changed).toEqual(['send (may have begun): changes of send'])
})

test('a check that fails lets nothing act', async () => {
  const log: string[] = []
  const plan = group(log)
  const bad = step({
    id: 'squeeze',
    check: async () => {
      throw new RescueError('PRECONDITION', 'no', { hint: 'x' })
    },
  })
  const items = plan.items.map((item) => (item.id === 'squeeze' ? { ...item, step: bad } : item))
  const { result } = await runIt({ ...plan, items })
  expect(result).toMatchObject({ exitCode: 20, changed: [] })
  expect(log).toEqual(['check make'])
})

test('bytes are held back: the writer waits for a slow reader and no more than 16 MiB lie in between', async () => {
  let written = 0
  let most = 0
  const steps = [
    step({
      id: 'make',
      act: async ({ outgoing }) => {
        if (!outgoing) return {}
        for (; written < 64; written += 1) {
          if (!outgoing.write(Buffer.alloc(1024 * 1024)))
            await new Promise((resolve) => outgoing.once('drain', resolve))
        }
        return {}
      },
    }),
    step({
      id: 'squeeze',
      act: async ({ incoming }) => {
        await new Promise((resolve) => setTimeout(resolve, 50))
        most = written
        if (incoming) await read(incoming)
        return {}
      },
    }),
  ]
  const { result } = await runIt(planOf(steps, '  - together: [make, squeeze]'))
  expect(result.status).toBe('succeeded')
  expect(most).toBeGreaterThan(0)
  expect(most).toBeLessThanOrEqual(16)
})

test('a reader that wants no bytes does not hold up the writer', async () => {
  const steps = [step({ id: 'make', act: writes(1024) }), step({ id: 'squeeze' })]
  const { result } = await runIt(planOf(steps, '  - together: [make, squeeze]'))
  expect(result.status).toBe('succeeded')
})
