import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseState } from '../../src/etcd-manager/state-file.ts'
import { changeState } from '../../src/etcd-manager/state-write.ts'
import type { Seat } from '../../src/steps/facts.ts'
import { node } from './support/nodes.ts'
import { contextOf, runStep, stepOf } from './support/step.ts'
import { tempDir } from './support/temp.ts'

const member = {
  name: 'etcd-a',
  peerUrls: ['https://a:2380'],
  clientUrls: [],
  quarantinedClientUrls: [],
  tlsEnabled: true,
}
const before = changeState(Buffer.alloc(0), { token: 'new', etcdVersion: '3.6.1', nodes: [member] })

const newer = changeState(before, { token: 'newer', etcdVersion: '3.6.1', nodes: [member] })

async function scene(state: Buffer | undefined) {
  const root = await tempDir()
  const base = join(root, 'mnt/v')
  mkdirSync(base, { recursive: true })
  if (state) writeFileSync(join(base, 'state'), state)
  // as stop-etcd-manager leaves a node
  mkdirSync(join(root, 'etc/kubernetes/etcd-rescue'), { recursive: true })
  const manifest =
    'kind: Pod\nmetadata: { name: etcd-manager-main }\nspec: { containers: [ { name: etcd-manager } ] }\n'
  writeFileSync(join(root, 'etc/kubernetes/etcd-rescue/main.manifest'), manifest)
  const seat: Seat = { node: 'a', base, name: 'etcd-a', source: join(base, 'data/old') }
  const seats = [seat]
  const placement = { token: 'old', etcdVersion: '3.5.30', members: [member], seats }
  const facts = { placement, stopped: { nodes: ['a'], at: 0 }, swapped: { nodes: ['a'], at: 0 } }
  const options = {
    facts,
    world: { controlPlane: [node('a', { root, containers: [] })] },
    remembered: new Map<string, unknown>(),
  }
  const undo = () => stepOf('write-state').undo?.(contextOf('write-state', options).context as never, undefined)
  return { base, seat, run: () => runStep('write-state', options), undo, remembered: options.remembered }
}

describe('write-state', () => {
  test('names the token; the old file stays beside it, byte for byte', async () => {
    const { base, run, undo } = await scene(before)
    await run()
    expect(parseState(readFileSync(join(base, 'state')))).toMatchObject({
      etcdVersion: '3.5.30',
      cluster: { token: 'old' },
    })
    const [kept = ''] = readdirSync(base).filter((name) => name.startsWith('state.before-'))
    expect(readFileSync(join(base, kept))).toEqual(before)
    await undo()
    expect(readFileSync(join(base, 'state'))).toEqual(before)
  })

  test('taken back, changed by others and done again, the newer one is what comes back', async () => {
    const { base, run, undo, remembered } = await scene(before)
    await run()
    await undo()
    remembered.clear()
    writeFileSync(join(base, 'state'), newer)
    await run()
    await undo()
    expect(readFileSync(join(base, 'state'))).toEqual(newer)
  })

  test.each([
    ['no state', undefined],
    ['an empty one, as etcd-manager leaves it', Buffer.alloc(0)],
  ])('%s: writes a whole one, and takes it back', async (_, state) => {
    const { base, run, undo } = await scene(state)
    await run()
    expect(parseState(readFileSync(join(base, 'state'))).cluster?.nodes).toEqual([member])
    await undo()
    expect(readdirSync(base).includes('state')).toBe(state !== undefined)
    if (state) expect(readFileSync(join(base, 'state'))).toEqual(state)
  })

  test('one that is no protobuf message is kept, and a whole one is written', async () => {
    const odd = Buffer.from([0x12, 0xff, 0xff])
    const { base, run, undo } = await scene(odd)
    await run()
    expect(parseState(readFileSync(join(base, 'state'))).cluster?.token).toBe('old')
    await undo()
    expect(readFileSync(join(base, 'state'))).toEqual(odd)
  })

  test('a seat without data loses its state, also when etcd-manager has written a new one since; undo gives it back', async () => {
    const { base, run, undo, seat } = await scene(before)
    delete seat.source
    await run()
    expect(readdirSync(base)).not.toContain('state')
    writeFileSync(join(base, 'state'), 'written since')
    await run()
    expect(readdirSync(base)).not.toContain('state')
    writeFileSync(join(base, 'state'), 'and again')
    await undo()
    await undo()
    expect(readFileSync(join(base, 'state'))).toEqual(before)
  })
})
