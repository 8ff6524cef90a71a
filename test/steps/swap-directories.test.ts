import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseState } from '../../src/etcd-manager/state-file.ts'
import { changeState } from '../../src/etcd-manager/state-write.ts'
import type { RemoteCommand, RemoteHost } from '../../src/ports/remote-host.ts'
import { planMoves } from '../../src/steps/support/plan-moves.ts'
import { node } from './support/nodes.ts'
import { contextOf, stepOf } from './support/step.ts'
import { tempDir } from './support/temp.ts'

const OLD = '-old-token'
const NEW = 'new-token'
const NAMES = ['a', 'b', 'c']
const stateNode = (name: string) => ({
  name,
  peerUrls: [`https://${name}:2380`],
  clientUrls: [],
  quarantinedClientUrls: [],
  tlsEnabled: true,
})
const members = NAMES.map(stateNode)

/** Three volumes as a reseed leaves them; on `c` the old directory is lost. */
async function volumes() {
  const roots = await Promise.all(NAMES.map(() => tempDir()))
  for (const root of roots) stopped(root)
  const hosts = NAMES.map((name, at) => node(name, { root: roots[at] ?? '', containers: [] }))
  const bases = roots.map((root) => join(root, 'mnt/v'))
  for (const [at, base] of bases.entries()) {
    for (const dir of ['data', 'data-trashcan']) mkdirSync(join(base, dir), { recursive: true })
    member(join(base, 'data', NEW), 'empty')
    if (NAMES[at] !== 'c') member(join(base, 'data-trashcan', OLD), `data of ${NAMES[at]}`)
    writeFileSync(
      join(base, 'state'),
      changeState(Buffer.alloc(0), { token: NEW, etcdVersion: '3.5.30', nodes: members }),
    )
  }
  const seats = NAMES.map((name, at) => ({
    ...{ node: name, base: bases[at] ?? '', name },
    ...(name === 'c' ? { lostMemberId: 'cc' } : { source: join(bases[at] ?? '', 'data-trashcan', OLD) }),
  }))
  const placement = { token: OLD, clusterId: 'c1', etcdVersion: '3.5.30', members, seats }
  return { hosts, bases, facts: { placement, stopped: { nodes: NAMES, at: 0 }, swapped: { nodes: NAMES, at: 0 } } }
}

/** As stop-etcd-manager leaves a node: the manifest aside, no container. */
function stopped(root: string): void {
  const dir = join(root, 'etc/kubernetes/etcd-rescue')
  mkdirSync(dir, { recursive: true })
  const manifest =
    'kind: Pod\nmetadata: { name: etcd-manager-main }\nspec: { containers: [ { name: etcd-manager } ] }\n'
  writeFileSync(join(dir, 'etcd-main.manifest'), manifest)
}

function member(dir: string, content: string): void {
  mkdirSync(join(dir, 'member/snap'), { recursive: true })
  writeFileSync(join(dir, 'member/snap/db'), content)
}

/** Every name and content of a volume, but for what is kept beside `state`. */
function lookAt(bases: readonly string[]): string[] {
  return bases.flatMap((base) => {
    const token = parseState(stateOf(base)).cluster?.token ?? 'none'
    const files = readdirSync(base, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('/db'))
    return [
      `${base} state ${token}`,
      ...files.map((path) => `${path}: ${readFileSync(join(base, path), 'utf8')}`).sort(),
    ]
  })
}

function stateOf(base: string): Buffer {
  try {
    return readFileSync(join(base, 'state'))
  } catch {
    return Buffer.alloc(0)
  }
}

/** What is made of a change when all dies in the middle of it: the first of several renames, or a part of what is written. */
function halfOf(command: RemoteCommand): RemoteCommand {
  const [program, ...rest] = command.argv
  const okCodes = Array.from({ length: 256 }, (_, code) => code)
  if (command.stdin !== undefined) return { ...command, okCodes, stdin: command.stdin.slice(0, 3) }
  return { ...command, okCodes, argv: [program, ...rest.slice(0, 3 + 2)] }
}

type When = 'before' | 'within' | 'after'

/** Hosts that all die at the n-th change anywhere: just before it is made, in its middle, or just after, with nobody told. */
function dyingAt(hosts: readonly RemoteHost[], n: number, when: When): RemoteHost[] {
  let changes = 0
  let dead = false
  return hosts.map((host) => ({
    ...host,
    run: async (command) => {
      if (dead) throw new Error('the process is gone')
      if (command.effect === 'read') return host.run(command)
      changes += 1
      dead = changes === n
      if (dead && when === 'before') throw new Error('the process is gone')
      const result = await host.run(dead && when === 'within' ? halfOf(command) : command)
      if (dead) throw new Error('the process is gone')
      return result
    },
  }))
}

type Scene = Awaited<ReturnType<typeof volumes>>
const STEPS = ['swap-directories', 'write-state']

/** Both steps with what a journal remembers of each. True when they came to their end. */
async function run({ facts }: Scene, hosts: readonly RemoteHost[], journal: Map<string, Map<string, unknown>>) {
  for (const id of STEPS) {
    const remembered = journal.get(id) ?? new Map()
    journal.set(id, remembered)
    const { context } = contextOf(id, { facts, remembered, world: { controlPlane: hosts } })
    try {
      await stepOf(id).act(context as never)
      await stepOf(id).verify?.(context as never, {} as never)
    } catch {
      return false
    }
  }
  return true
}

async function undo({ facts, hosts }: Scene, journal: Map<string, Map<string, unknown>>): Promise<void> {
  for (const id of [...STEPS].reverse()) {
    const remembered = journal.get(id)
    if (!remembered) continue
    const { context } = contextOf(id, { facts, remembered, world: { controlPlane: hosts } })
    await stepOf(id).undo?.(context as never, undefined)
  }
}

describe('swap-directories and write-state', () => {
  test('put the old directory in place, name it, and keep what was served', async () => {
    const scene = await volumes()
    expect(await run(scene, scene.hosts, new Map())).toBe(true)
    const [a = '', , c = ''] = scene.bases
    expect(readdirSync(join(a, 'data'))).toEqual([OLD])
    expect(readdirSync(join(a, 'data-trashcan'))).toEqual([NEW])
    expect(readFileSync(join(a, 'data', OLD, 'member/snap/db'), 'utf8')).toBe('data of a')
    expect(parseState(stateOf(a)).cluster?.token).toBe(OLD)
    expect(readdirSync(join(c, 'data'))).toEqual([])
    expect(readdirSync(c).filter((name) => name.startsWith('state'))).toEqual([
      expect.stringMatching(/^state\.before-/),
    ])
  })

  /** As many changes as an undisturbed run makes, plus one that never comes. */
  const crashes = [
    ...Array.from({ length: 6 }, (_, at) => at + 1).flatMap((n) =>
      (['before', 'within', 'after'] as const).map((when) => [n, when] as const),
    ),
    [7, 'after'] as const,
  ]
  const plain = ({ bases }: Scene) => lookAt(bases).map((line) => line.replace(/^\/\S+ state/, 'state'))
  const made = async () => {
    const scene = await volumes()
    await run(scene, scene.hosts, new Map())
    return { volumes: plain(scene), calls: scene.hosts.flatMap(({ calls }) => calls) }
  }
  let whole: ReturnType<typeof made> | undefined
  /** An undisturbed run, made once for all that are held against it. */
  const undisturbed = () => {
    whole ??= made()
    return whole
  }

  test.each(crashes)('a crash at change %i (%s it is made), then resumed: all of it', async (n, when) => {
    const crashed = await volumes()
    const journal = new Map()
    await run(crashed, dyingAt(crashed.hosts, n, when), journal)
    expect(await run(crashed, crashed.hosts, journal)).toBe(true)
    expect(plain(crashed)).toEqual((await undisturbed()).volumes)
  })

  test.each(crashes)('a crash at change %i (%s it is made), then taken back: nothing of it', async (n, when) => {
    const scene = await volumes()
    const was = lookAt(scene.bases)
    const journal = new Map()
    await run(scene, dyingAt(scene.hosts, n, when), journal)
    await undo(scene, journal)
    expect(lookAt(scene.bases)).toEqual(was)
  })

  test('crashes were tried at every change that there is', async () => {
    const changes = (await undisturbed()).calls.filter(({ effect }) => effect === 'change')
    expect(changes.length).toBe(6)
    const renames = changes.map(({ argv }) => argv.length - 4).filter((paths) => paths === 4)
    expect(renames).toHaveLength(2)
  })
})

describe('the renames on one volume', () => {
  const base = '/mnt/v'
  const plan = (source: string | undefined, data: string[], trashcan: string[]) =>
    planMoves({ base, ...(source === undefined ? {} : { source }) }, OLD, { data, trashcan }, 'run1')

  test('what is served goes out before the wanted one comes in', () => {
    expect(plan(`${base}/data-trashcan/${OLD}`, [NEW, 'older'], [OLD])).toEqual([
      { from: `${base}/data/${NEW}`, to: `${base}/data-trashcan/${NEW}` },
      { from: `${base}/data/older`, to: `${base}/data-trashcan/older` },
      { from: `${base}/data-trashcan/${OLD}`, to: `${base}/data/${OLD}` },
    ])
  })

  test('a directory that is in place already stays, and a name that the trashcan has gets another', () => {
    expect(plan(`${base}/data/${OLD}`, [OLD, NEW], [NEW])).toEqual([
      { from: `${base}/data/${NEW}`, to: `${base}/data-trashcan/${NEW}.run1` },
    ])
    expect(plan(undefined, [NEW], [])).toEqual([{ from: `${base}/data/${NEW}`, to: `${base}/data-trashcan/${NEW}` }])
  })

  test('a directory of the same token that lies in data/ by mistake makes room for the one that was chosen', () => {
    expect(plan(`${base}/data-trashcan/${OLD}`, [OLD], [OLD])).toEqual([
      { from: `${base}/data/${OLD}`, to: `${base}/data-trashcan/${OLD}.run1` },
      { from: `${base}/data-trashcan/${OLD}`, to: `${base}/data/${OLD}` },
    ])
  })
})
