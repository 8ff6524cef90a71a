import { expect, test } from 'vitest'
import { withhold } from '../../src/adapters/dry-run/index.ts'
import { localCommands } from '../../src/adapters/local/index.ts'
import { type MemoryScript, memoryHost } from '../../src/adapters/memory/host.ts'
import { memoryPrompter } from '../../src/adapters/memory/prompter.ts'
import { memoryWorld } from '../../src/adapters/memory/world.ts'
import { memoryJournal, reportCall } from '../../src/engine/index.ts'
import type { World } from '../../src/ports/world.ts'
import { newRun, planOf, runIt } from '../engine/support.ts'

const nodes = (script: MemoryScript) =>
  ['a', 'b', 'c'].map((name) => memoryHost({ name, role: 'control-plane', script }))
const notesOf = (events: { type: string }[]) =>
  events.flatMap((event) => (event.type === 'note' ? [(event as unknown as { line: string }).line] : []))
const prompter = memoryPrompter({ confirm: true })

test('run: an argument list, never a shell; output becomes notes', async () => {
  const plan = planOf(
    [],
    `  - id: mine\n    run: [echo, "$HOME; rm -rf x", "\${{ inputs.who }}"]\n    reads: true`,
    {},
    'inputs: { who: { default: "`us`" } }',
  )
  const { result, events } = await runIt(plan, { world: { local: localCommands() } })
  expect(result.status).toBe('succeeded')
  expect(notesOf(events)).toEqual(['$HOME; rm -rf x `us`'])
})

test('run: says how a command ended, whether it failed, is not there, hangs, or says too much', async () => {
  const cases: [string, RegExp][] = [
    ['[sh, -c, "echo why >&2; exit 3"]', /^sh -c "echo why >&2; exit 3" on this machine ended with exit code 3: why$/],
    ['[no-such-command-here]', /^no-such-command-here on this machine cannot start: .*(ENOENT|EACCES)/],
  ]
  for (const [argv, message] of cases) {
    const { result } = await runIt(planOf([], `  - id: mine\n    run: ${argv}`), {
      world: { local: localCommands(), prompter },
    })
    expect(result).toMatchObject({
      exitCode: 30,
      error: { code: 'STEP_FAILED', message: expect.stringMatching(message) },
    })
  }
  const local = localCommands()
  await expect(local.run({ effect: 'read', argv: ['sleep', '30'], timeoutMs: 50 })).rejects.toMatchObject({
    code: 'STEP_FAILED',
  })
  const { stdout } = await local.run({
    effect: 'read',
    argv: ['head', '-c', '100000', '/dev/zero'],
    maxOutputBytes: 1000,
  })
  expect(stdout.slice(1000)).toBe('\n… 99000 more bytes were cut off')
  const stop = new AbortController()
  const running = local.run({ effect: 'read', argv: ['sleep', '30'], signal: stop.signal })
  stop.abort()
  await expect(running).rejects.toMatchObject({ name: 'AbortError' })
})

test('ssh: on chosen nodes, and a resumed run goes on with the node after the last one', async () => {
  let broken = true
  const ran: string[] = []
  const script =
    (name: string): MemoryScript =>
    (argv) => {
      if (name === 'b' && broken) return { code: 1, stderr: 'no' }
      ran.push(`${name} ${argv.join(' ')}`)
      return { stdout: `up ${name}\n` }
    }
  const controlPlane = ['a', 'b', 'c'].map((name) => memoryHost({ name, script: script(name) }))
  const plan = planOf([], '  - id: mine\n    ssh: { on: control-plane, command: [uptime, -s] }')
  const journal = memoryJournal(newRun(plan))
  const first = await runIt(plan, { journal, world: { controlPlane, prompter } })
  expect(first.result).toMatchObject({ exitCode: 30, error: { code: 'HOST_COMMAND' } })
  broken = false
  const second = await runIt(plan, { journal, world: { controlPlane, prompter } })
  expect(second.result.status).toBe('succeeded')
  expect(ran).toEqual(['a uptime -s', 'b uptime -s', 'c uptime -s'])
  expect(notesOf(second.events)).toEqual(['b: up b', 'c: up c'])
})

test('ssh: an unknown node is told before anything runs', async () => {
  const controlPlane = nodes(() => ({}))
  const { result } = await runIt(planOf([], '  - id: mine\n    ssh: { on: [a, z], command: [reboot] }'), {
    world: { controlPlane, prompter },
  })
  expect(result).toMatchObject({ exitCode: 20, error: { code: 'PRECONDITION', message: 'no node is named "z"' } })
  expect(controlPlane.flatMap(({ calls }) => calls)).toEqual([])
})

test('manual: wants to be confirmed; no is a stop', async () => {
  const plan = planOf([], '  - id: mine\n    manual: Tell the team')
  const yes = await runIt(plan, { world: { prompter } })
  expect(yes.result.status).toBe('succeeded')
  expect(notesOf(yes.events)).toEqual(['Tell the team'])
  const no = await runIt(plan, { world: { prompter: memoryPrompter({ confirm: false }) } })
  expect(no.result).toMatchObject({ status: 'cancelled', exitCode: 130 })
})

test('a dry run runs what reads and withholds the rest', async () => {
  const controlPlane = nodes(() => ({ stdout: 'up' }))
  const ran: string[] = []
  const local: World['local'] = {
    run: async ({ argv }) => ({ code: 0, stdout: String(ran.push(argv[0])), stderr: '' }),
  }
  const world = withhold(memoryWorld({ controlPlane, local }), reportCall)
  const lines = `  - id: l-read\n    run: [looks]\n    reads: true\n  - id: l-change\n    run: [changes]
  - id: s-read\n    ssh: { on: [a], command: [looks], reads: true }\n  - id: s-change\n    ssh: { on: all, command: [changes] }
  - id: by-hand\n    manual: do it`
  const { statuses, events } = await runIt(planOf([], lines), { world })
  expect(statuses).toEqual({
    'l-read': 'done',
    'l-change': 'withheld',
    's-read': 'done',
    's-change': 'withheld',
    'by-hand': 'withheld',
  })
  expect(ran).toEqual(['looks'])
  expect(controlPlane.flatMap(({ calls }) => calls.map(({ argv }) => argv[0]))).toEqual(['looks'])
  const calls = events.flatMap((event) =>
    event.type === 'call' ? [`${event.withheld ? '!' : '$'} ${event.step} ${event.where}: ${event.line}`] : [],
  )
  expect(calls).toEqual([
    '$ l-read this machine: looks',
    '! l-change this machine: changes',
    '$ s-read a: looks',
    '! s-change a: changes',
    '! s-change b: changes',
    '! s-change c: changes',
    '! by-hand by hand: do it',
  ])
})
