import { describe, expect, test } from 'vitest'
import { memoryHost } from '../../../src/adapters/memory/host.ts'
import { memoryTarget } from '../../../src/adapters/memory/world.ts'
import { RescueError } from '../../../src/errors/rescue-error.ts'
import { withLogs } from '../../../src/steps/support/with-logs.ts'
import { contextOf } from './step.ts'

const hint = 'look'
const failing = (code: 'TIMED_OUT' | 'BACKUP_INVALID' | 'STOPPED') =>
  Promise.reject(new RescueError(code, 'nothing came', { hint }))

/** `tail` of what the log of each node holds; a node without one cannot be reached. */
function context(logs: Record<string, string | undefined>, log: string | undefined = '/var/log/etcd.log') {
  const asked: string[] = []
  const controlPlane = Object.entries(logs).map(([name, text]) =>
    memoryHost({
      name,
      script: (argv) => {
        asked.push(argv.join(' '))
        if (text === undefined) throw new RescueError('HOST_UNREACHABLE', `${name} is away`, { hint })
        return { stdout: text }
      },
    }),
  )
  const target = { ...memoryTarget, ...(log === undefined ? {} : { log }) }
  return { ...contextOf('watch-restore', { world: { controlPlane, target } }), asked }
}

describe('a wait for etcd-manager that was in vain', () => {
  test('tells the end of its log on every node: what speaks of trouble, else the last lines', async () => {
    const made = context({
      a: 'I1127 08:00:00 fine\nW1127 08:00:01 first\nE1127 08:00:02 unable to restore\nI1127 08:00:03 trying again\n',
      b: `I1127 08:00:00 one\nI1127 08:00:01 two\n{"level":"info"}\n\n${'x'.repeat(1000)}\n`,
      c: undefined,
    })
    await expect(withLogs(made.context, failing('TIMED_OUT'))).rejects.toMatchObject({ code: 'TIMED_OUT', hint })
    expect(made.notes).toEqual([
      'a: /var/log/etcd.log: W1127 08:00:01 first',
      'a: /var/log/etcd.log: E1127 08:00:02 unable to restore',
      'b: /var/log/etcd.log: I1127 08:00:01 two',
      'b: /var/log/etcd.log: {"level":"info"}',
      `b: /var/log/etcd.log: ${'x'.repeat(300)}`,
    ])
    expect(made.asked[0]).toBe('tail -c 16384 -- /var/log/etcd.log')
  })

  test('asks no node when it was stopped, or came to a good end, or no log is known', async () => {
    const made = context({ a: 'E1127 trouble' })
    await expect(withLogs(made.context, failing('STOPPED'))).rejects.toMatchObject({ code: 'STOPPED' })
    expect(await withLogs(made.context, Promise.resolve(1))).toBe(1)
    const unknown = context({ a: 'E1127 trouble' }, '')
    const { log: _, ...target } = unknown.world.target
    const without = { ...unknown.context, world: { ...unknown.world, target } }
    await expect(withLogs(without, failing('TIMED_OUT'))).rejects.toMatchObject({ code: 'TIMED_OUT' })
    expect([...made.asked, ...unknown.asked]).toEqual([])
  })
})
