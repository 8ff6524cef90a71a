import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { trace, withhold } from '../../../src/adapters/dry-run/index.ts'
import { memoryHost } from '../../../src/adapters/memory/host.ts'
import { memoryStore } from '../../../src/adapters/memory/store.ts'
import { memoryWorld } from '../../../src/adapters/memory/world.ts'
import { reportCall } from '../../../src/engine/index.ts'
import { RescueError, WithheldError } from '../../../src/errors/rescue-error.ts'
import type { Call } from '../../../src/ports/calls.ts'
import type { EtcdClient, EtcdRelease, LocalEtcd } from '../../../src/ports/etcd.ts'
import { planOf, runIt, step } from '../../engine/support.ts'

const release: EtcdRelease = { version: '3.5.30', minor: '3.5', etcd: '/e', etcdctl: '/c' }

/** A world in which every change is an entry in a list. */
function world() {
  const changed: string[] = []
  const change = (name: string) => async (): Promise<never> => {
    changed.push(name)
    throw new Error(`${name} got through`)
  }
  const store = memoryStore()
  const client = {
    endpoint: 'https://a:4001',
    put: change('put'),
    deleteIfUnchanged: change('delete'),
    count: async () => 7,
    close: async () => {},
  } as unknown as EtcdClient
  const host = memoryHost({ name: 'a', script: (argv) => ({ stdout: String(changed.push(argv.join(' '))) }) })
  const calls: Call[] = []
  const bare = memoryWorld({
    store: { ...store, write: change('write'), upload: change('upload'), remove: change('remove') },
    live: { connect: async () => client },
    etcd: { find: async () => release, restore: change('restore'), canBump: async () => true, start: change('start') },
    scratch: {
      peek: (...parts) => ['/s', ...parts].join('/'),
      dir: change('dir'),
      file: change('file'),
      needRoom: async () => {},
      boot: async () => 'b',
      removeAll: change('removeAll'),
    },
    local: { run: change('local') },
    controlPlane: [host],
    workers: [host],
  })
  return { changed, calls, bare, store, gated: withhold(bare, (call) => calls.push(call)) }
}

describe('the gate of a dry run', () => {
  test('downloads no etcd, and says from where a run would', async () => {
    const { bare, calls } = world()
    const find: LocalEtcd['find'] = async (_, { isHere = false } = {}) => {
      if (isHere) throw new RescueError('ETCD_MISSING', 'no etcd is here', { hint: 'none' })
      throw new Error('it was downloaded')
    }
    const gated = (downloads: string[]) =>
      withhold({ ...bare, etcd: { ...bare.etcd, find, downloads: () => downloads } }, (call) => calls.push(call)).etcd
    await expect(gated(['etcd 3.5.30 from Debian forky', 'the archive']).find('3.5')).rejects.toThrow(WithheldError)
    expect(calls).toMatchObject([
      { effect: 'change', withheld: true, line: 'download etcd 3.5.30 from Debian forky, or the archive' },
    ])
    await expect(gated([]).find('3.5')).rejects.toMatchObject({ code: 'ETCD_MISSING' })
  })

  test('withholds every change that a world can make', async () => {
    const { gated, changed, calls } = world()
    const client = await gated.live.connect()
    const command = { effect: 'change', argv: ['systemctl', 'restart', 'kubelet'] } as const
    for (const host of [...gated.controlPlane, ...gated.workers]) {
      expect(await host.run(command)).toEqual({ code: 0, stdout: '', stderr: '', withheld: true })
      const { stdout, done } = await host.stream(command)
      expect(await stdout.toArray()).toEqual([])
      expect(await done).toEqual({ code: 0, stderr: '' })
    }
    expect(await gated.store.write('k', Buffer.from('secret'))).toEqual({ version: 'withheld' })
    await gated.store.remove('k', { allVersions: true })
    await expect(gated.store.upload('k', Readable.from(['x']))).rejects.toThrow(WithheldError)
    await client.put('/registry/secrets/x', 'secret')
    expect(await client.deleteIfUnchanged(Buffer.from('k'), 1)).toBe(true)
    await expect(gated.etcd.restore(release, '/f', '/d')).rejects.toThrow(WithheldError)
    await expect(gated.etcd.start(release, '/d')).rejects.toThrow(WithheldError)
    await expect(gated.scratch.dir('x')).rejects.toThrow(WithheldError)
    await expect(gated.scratch.file('x')).rejects.toThrow(WithheldError)
    expect(await gated.scratch.removeAll()).toEqual({ files: 0, bytes: 0 })
    await gated.local?.run({ effect: 'change', argv: ['rm', 'x'] })
    expect(changed).toEqual([])
    expect(calls.filter(({ withheld }) => withheld)).toHaveLength(calls.length)
    expect(calls).toHaveLength(4 + 3 + 2 + 2 + 3 + 1)
    expect(JSON.stringify(calls)).not.toContain('secret"')
  })

  test('lets every read through and tells it', async () => {
    const { gated, changed, calls, store } = world()
    await store.write('k', Buffer.from('v'))
    expect((await gated.controlPlane[0]?.run({ effect: 'read', argv: ['ls', 'a b'] }))?.stdout).toBe('1')
    expect((await gated.store.read('k')).body.toString()).toBe('v')
    expect(await (await gated.live.connect()).count()).toBe(7)
    expect(await gated.etcd.find('3.5')).toBe(release)
    expect(gated.scratch.peek('x')).toBe('/s/x')
    expect(changed).toEqual(['ls a b'])
    expect(calls.map(({ where, withheld, line }) => `${withheld ? '!' : '$'} ${where} ${line}`)).toEqual([
      "$ a ls 'a b'",
      '$ memory://store read k',
    ])
  })

  test('names from outside reach no terminal with control characters', async () => {
    const { gated, calls } = world()
    await gated.controlPlane[0]?.run({ effect: 'change', argv: ['rm', '\u001b[2Jx\n'] })
    expect(calls[0]?.line).toBe("rm '?[2Jx?'")
  })

  test('standard input is never told', async () => {
    const calls: Call[] = []
    const host = memoryHost({ script: () => ({}) })
    const traced = trace(memoryWorld({ controlPlane: [host] }), (call) => calls.push(call))
    await traced.controlPlane[0]?.run({ effect: 'change', argv: ['tee', 'f'], stdin: 'top secret' })
    expect(JSON.stringify(calls)).not.toContain('secret')
  })
})

describe('a dry run', () => {
  const dry = async (...steps: Parameters<typeof planOf>[0]) =>
    runIt(planOf(steps), { world: withhold(memoryWorld(), reportCall) })

  test('a step that comes to a change is withheld, and so is what needs it; the rest really reads', async () => {
    const writes = step({
      id: 'writes',
      effect: 'change',
      gives: ['a'],
      act: async ({ world: { store } }) => ({ a: (await store.write('k', Buffer.from(''))).version }),
    })
    const { statuses, result, events } = await dry(
      step({ id: 'reads', gives: ['x'] }),
      writes,
      step({ id: 'needs', needs: ['a'] }),
      step({ id: 'reads-too', needs: ['x'] }),
    )
    expect(statuses).toEqual({ reads: 'done', writes: 'withheld', needs: 'withheld', 'reads-too': 'done' })
    expect(result).toMatchObject({ status: 'dry-run', exitCode: 0, changed: [], facts: { x: 'x of reads' } })
    expect(result.facts).not.toHaveProperty('a')
    expect(events).toContainEqual(expect.objectContaining({ step: 'needs', why: 'needs what writes would give' }))
  })

  test('an error after a withheld change is a consequence of it, one before it is not', async () => {
    const fails = async (): Promise<never> => {
      throw new RescueError('OBJECT_MISSING', 'not there', { hint: 'x' })
    }
    const after = step({
      id: 'x',
      effect: 'change',
      act: async ({ world: { store } }) => {
        await store.write('k', Buffer.from(''))
        return fails()
      },
    })
    expect((await dry(after)).statuses).toEqual({ x: 'withheld' })
    const checked = await dry(step({ id: 'x', effect: 'change', check: fails }))
    expect(checked.result).toMatchObject({ status: 'failed', exitCode: 20 })
  })

  test('does not wait for what a withheld change would have brought about, and asks nothing', async () => {
    const waits = step({
      id: 'x',
      effect: 'irreversible',
      happened: async () => undefined,
      act: async ({ world: { store }, until }) => {
        await store.write('k', Buffer.from(''))
        return until({ name: 'it', timeoutMs: 3_600_000, look: async () => ({ done: false, last: 'no' }) })
      },
    })
    expect((await dry(waits)).statuses).toEqual({ x: 'withheld' })
  })

  test('steps that run together are told one after the other', async () => {
    const one = step({
      id: 'one',
      effect: 'local',
      gives: ['a'],
      act: async ({ world: { scratch } }) => ({ a: await scratch.file('x') }),
    })
    const plan = planOf([one, step({ id: 'two', needs: ['a'] })], '  - together: [one, two]')
    const { statuses } = await runIt(plan, { world: withhold(memoryWorld(), reportCall) })
    expect(statuses).toEqual({ one: 'withheld', two: 'withheld' })
  })
})
