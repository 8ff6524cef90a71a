import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseState } from '../../src/etcd-manager/state-file.ts'
import { changeState } from '../../src/etcd-manager/state-write.ts'
import type { RemoteHost } from '../../src/ports/remote-host.ts'
import { NAMES, placementOf, TOKEN, threeNodes } from './support/in-place.ts'
import { contextOf, runStep, stepOf } from './support/step.ts'

type Scene = Awaited<ReturnType<typeof scene>>
const POD = 'etcd-manager-main'
const NEW = 'new'

const db = (dir: string, content: string) => {
  mkdirSync(join(dir, 'member/snap'), { recursive: true })
  writeFileSync(join(dir, 'member/snap/db'), content)
}

/** Three nodes whose etcd-manager is stopped; an empty cluster was served, the good directories are in the trashcans. */
async function scene() {
  const made = await threeNodes({ slowKubelet: true })
  for (const name of NAMES) {
    db(join(made.baseOf(name), 'data', NEW), `served on ${name}`)
    db(join(made.baseOf(name), 'data-trashcan', TOKEN), `data of ${name}`)
    const state = changeState(Buffer.alloc(0), {
      token: NEW,
      etcdVersion: '3.5.30',
      nodes: placementOf(made.seats).members,
    })
    writeFileSync(join(made.baseOf(name), 'state'), state)
  }
  const { controlPlane, store, target, prompter, seats } = made
  const facts = {
    ...{ placement: placementOf(seats), saved: {} },
    ...{ stopped: { nodes: [...NAMES], at: 0 }, swapped: { nodes: [...NAMES], at: 0 } },
  }
  const world = { controlPlane, store, target, prompter }
  await runStep('stop-etcd-manager', { facts, world })
  return { ...made, facts, world, journal: new Map<string, Map<string, unknown>>() }
}

const remembered = ({ journal }: Scene, id: string) => {
  const known = journal.get(id) ?? new Map<string, unknown>()
  journal.set(id, known)
  return known
}
const run = (made: Scene, id: string, controlPlane: readonly RemoteHost[] = made.controlPlane) =>
  runStep(id, { facts: made.facts, world: { ...made.world, controlPlane }, remembered: remembered(made, id) })
const undo = async (made: Scene, id: string) => {
  const { context, notes } = contextOf(id, { facts: made.facts, world: made.world, remembered: remembered(made, id) })
  await stepOf(id).undo?.(context as never, undefined)
  return notes
}

/** The node starts again: its manifest is written anew, kubelet starts etcd-manager, and that one what `state` names. */
function startAgain(made: Scene, name: string) {
  const aside = join(made.dir, name, 'etc/kubernetes/etcd-rescue', `${POD}.manifest`)
  cpSync(aside, made.manifestOf(name, POD))
  const token = parseState(readFileSync(join(made.baseOf(name), 'state'))).cluster?.token ?? ''
  const dir = join(made.baseOf(name), 'data', token)
  if (!existsSync(dir)) db(dir, 'made anew, empty')
}

/** What is on a volume, and whether any rename was made on it while an etcd-manager ran there. */
const look = (made: Scene, name: string) =>
  ['data', 'data-trashcan'].flatMap((place) =>
    readdirSync(join(made.baseOf(name), place)).map(
      (token) => `${place}/${token}: ${readFileSync(join(made.baseOf(name), place, token, 'member/snap/db'), 'utf8')}`,
    ),
  )

/** Renames on this node that were made while its etcd-manager ran. */
function watchRenames(made: Scene, name: string) {
  const seen: string[] = []
  const host = made.controlPlane.find((one) => one.name === name)
  if (!host) throw new Error(name)
  const { run: really } = host
  host.run = async (command) => {
    const isOnVolume = command.effect === 'change' && command.argv.some((word) => word.startsWith(made.baseOf(name)))
    const { stdout } = await really({ effect: 'read', argv: ['crictl', 'ps', '-o', 'json'] })
    if (isOnVolume && stdout.includes('"etcd-manager"')) seen.push(command.argv.slice(4).join(' '))
    return really(command)
  }
  return seen
}

describe('a node that started again in the middle, with its etcd-manager', () => {
  test('is stopped before its directories are taken back', async () => {
    const made = await scene()
    await run(made, 'swap-directories')
    startAgain(made, 'b')
    const whileRunning = watchRenames(made, 'b')
    await undo(made, 'swap-directories')
    expect(whileRunning).toEqual([])
    expect(made.inPlace(POD)).toEqual([])
    expect(look(made, 'b')).toContain(`data-trashcan/${TOKEN}: data of b`)
  })

  test('is stopped before its state is taken back', async () => {
    const made = await scene()
    await run(made, 'swap-directories')
    await run(made, 'write-state')
    startAgain(made, 'b')
    const whileRunning = watchRenames(made, 'b')
    await undo(made, 'write-state')
    expect(whileRunning).toEqual([])
    expect(made.inPlace(POD)).toEqual([])
    expect(parseState(readFileSync(join(made.baseOf('b'), 'state'))).cluster?.token).toBe(NEW)
  })

  /** On b the first of the two renames is made, and then all ends. */
  const half = async (made: Scene) => {
    const dying = made.controlPlane.map((host) => ({
      ...host,
      run: async (command: Parameters<RemoteHost['run']>[0]) => {
        const isRename = command.effect === 'change' && command.argv.includes(join(made.baseOf(host.name), 'data', NEW))
        if (!isRename) return host.run(command)
        if (host.name === 'b') {
          const [program, ...rest] = command.argv
          await host.run({ ...command, argv: [program, ...rest.slice(0, 5)] })
        }
        throw new Error('the process is gone')
      },
    }))
    await expect(run(made, 'swap-directories', dying)).rejects.toThrow(/gone/)
    expect(look(made, 'b')).toEqual([`data-trashcan/${TOKEN}: data of b`, `data-trashcan/${NEW}: served on b`].sort())
    startAgain(made, 'b')
  }

  test('made an empty directory under a name that a rename needs: resumed, it goes out of the way', async () => {
    const made = await scene()
    await half(made)
    const { notes } = await run(made, 'swap-directories')
    expect(look(made, 'b')).toEqual([
      `data/${TOKEN}: data of b`,
      `data-trashcan/${NEW}: served on b`,
      expect.stringMatching(new RegExp(`^data-trashcan/${NEW}\\..*\\.1: made anew, empty$`)),
    ])
    expect(notes).toContainEqual(expect.stringMatching(/^b: data\/new → data-trashcan\/new\..*\.1$/))
    expect(look(made, 'a')[0]).toBe(`data/${TOKEN}: data of a`)
  })

  test('and taken back, what was served is in its place again', async () => {
    const made = await scene()
    await half(made)
    await undo(made, 'swap-directories')
    expect(look(made, 'b')).toEqual([
      `data/${NEW}: served on b`,
      `data-trashcan/${TOKEN}: data of b`,
      expect.stringMatching(/made anew, empty$/),
    ])
    // taken back and resumed, all of it is put in place
    await run(made, 'swap-directories')
    expect(look(made, 'b')[0]).toBe(`data/${TOKEN}: data of b`)
  })
})
