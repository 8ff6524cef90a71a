import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { MemoryScript } from '../../src/adapters/memory/host.ts'
import { memoryPrompter } from '../../src/adapters/memory/prompter.ts'
import { CREATED_KEY } from '../../src/etcd-manager/control.ts'
import { pathWithout } from '../support/path-without.ts'
import { addBackup } from './support/backups.ts'
import { NAMES, placementOf, threeNodes } from './support/in-place.ts'
import { noEtcd } from './support/nodes.ts'
import { contextOf, runStep, stepOf } from './support/step.ts'
import { tempDir } from './support/temp.ts'

type Scene = Awaited<ReturnType<typeof threeNodes>>

const POD = 'etcd-manager-main'
const optionsOf = (scene: Scene, over: Record<string, unknown> = {}) => {
  const { controlPlane, store, target, prompter } = scene
  const seats = (over.seats as Scene['seats'] | undefined) ?? scene.seats
  const facts = { placement: placementOf(seats), saved: { clusterId: 'ff' } }
  return { facts, world: { controlPlane, store, target, prompter, ...(over.world as object | undefined) } }
}
const stop = (scene: Scene, over?: Record<string, unknown>) => runStep('stop-etcd-manager', optionsOf(scene, over))
const undo = (scene: Scene) => {
  const { context } = contextOf('stop-etcd-manager', optionsOf(scene))
  return stepOf('stop-etcd-manager').undo?.(context as never, undefined as never)
}

/** Holds a lock as an etcd on this database does. */
async function hold(db: string): Promise<() => Promise<void>> {
  const holder = spawn('flock', ['-o', db, 'sh', '-c', 'echo held; exec sleep 60'])
  const release = async () => void holder.kill('SIGKILL')
  onTestFinished(release)
  await once(holder.stdout, 'data')
  return release
}

describe('stop-etcd-manager', () => {
  test('stops it everywhere so that it stays stopped, and nothing else; remembers when, and the backups before', async () => {
    const scene = await threeNodes({ slowKubelet: true })
    await addBackup(scene.store, '2024-03-21T12:00:00Z-000001')
    await addBackup(scene.store, 'before-20240321T130205Z-k3f9aq')
    const { gives, notes, world } = await stop(scene)
    expect(gives).toEqual({
      stopped: { nodes: [...NAMES], at: world.clock.now().getTime(), clusterIdBefore: 'ff' },
      earlierBackups: ['2024-03-21T12:00:00Z-000001'],
    })
    expect(scene.log.sort()).toEqual(NAMES.map((name) => `${name}:etcd-manager`))
    expect(scene.inPlace(POD)).toEqual([])
    expect(scene.inPlace('kube-apiserver')).toEqual([...NAMES])
    expect(notes).toEqual(['etcd-manager is stopped on a, b, c'])
  })

  test('resumed, it keeps the moment of the first attempt: the outage began then', async () => {
    const scene = await threeNodes()
    const remembered = new Map<string, unknown>([['at', 1000]])
    const { gives } = await runStep('stop-etcd-manager', { ...optionsOf(scene), remembered })
    expect(gives).toMatchObject({ stopped: { at: 1000 } })
  })

  test('an etcd that outlives its etcd-manager is waited for', async () => {
    let looks = 0
    let release = async () => {}
    const seen = (argv: readonly string[]) => {
      if (argv.some((word) => word.includes('flock -n'))) looks++
      if (looks === 3) void release()
      return undefined
    }
    const scene = await threeNodes({ script: seen })
    release = await hold(scene.giveDb('b'))
    await stop(scene)
    expect(looks).toBeGreaterThan(2)
  })

  test('a node without flock is found out before anything stops: whether its etcd has ended could not be told', async () => {
    const env = { ...process.env, PATH: pathWithout(await tempDir(), 'flock') }
    const lacking: MemoryScript = ([program = '', ...args], stdin) => {
      if (program !== 'sh') return undefined
      const { status, stdout, stderr } = spawnSync('/bin/sh', args, { input: stdin, env })
      return { code: status ?? 127, stdout, stderr: String(stderr) }
    }
    const scene = await threeNodes({ script: lacking, slowKubelet: true })
    await expect(stop(scene)).rejects.toMatchObject({
      ...{ code: 'PRECONDITION', message: /^node a has no flock/, hint: /nothing was stopped; install it on node a/ },
    })
    expect([scene.log, scene.inPlace(POD)]).toEqual([[], [...NAMES]])
  })

  test('one that never ends is named, with its database', async () => {
    const held = (argv: readonly string[]) => {
      const data = argv.find((word) => word.endsWith('/data'))
      const ofB = data !== undefined && db.startsWith(data) && argv.some((word) => word.includes('flock -n'))
      return ofB ? { stdout: `${db}\n` } : undefined
    }
    let db = '-'
    const scene = await threeNodes({ script: held })
    db = scene.giveDb('b')
    await expect(stop(scene)).rejects.toMatchObject({
      code: 'TIMED_OUT',
      message: expect.stringMatching(new RegExp(`on b — last seen: ${db} is in use`)),
    })
  })

  test.each([
    ['a spec without its marker', (scene: Scene) => scene.store.remove(CREATED_KEY), 'CONTROL_FILES'],
    [
      'a forgotten command',
      (scene: Scene) => scene.store.write('control/2024-03-21T12:00:00Z-000000/_command.json', Buffer.from('{}')),
      'COMMAND_PENDING',
    ],
    ['a node without a manifest', async (scene: Scene) => rmSync(scene.manifestOf('c', POD)), 'PRECONDITION'],
    ['a seat whose node is away', async (scene: Scene) => scene.away.add('b'), 'HOST_UNREACHABLE'],
  ])('%s keeps it from being stopped anywhere', async (_, spoil, code) => {
    const scene = await threeNodes()
    await spoil(scene)
    await expect(stop(scene)).rejects.toMatchObject({ code })
    expect(scene.controlPlane.flatMap(({ calls }) => calls).filter(({ effect }) => effect === 'change')).toEqual([])
  })

  test('a node that takes no seat since it is away: the operator says whether it is down', async () => {
    const scene = await threeNodes()
    scene.away.add('c')
    const seats = scene.seats.slice(0, 2)
    const asked = (confirm?: boolean) => {
      const prompter = memoryPrompter(confirm === undefined ? {} : { confirm })
      return { prompter, done: stop(scene, { seats, world: { prompter } }) }
    }
    await expect(asked().done).rejects.toMatchObject({ code: 'ANSWER_MISSING', hint: /--set down=c/ })
    await expect(asked(false).done).rejects.toMatchObject({
      code: 'PRECONDITION',
      message: /on c, which cannot be reached/,
    })
    expect(scene.inPlace(POD)).toEqual([...NAMES])
    const { prompter, done } = asked(true)
    const { gives, notes } = await done
    expect(prompter.questions[0]).toMatch(/on c, which cannot be reached. Is it surely down there/)
    expect(gives).toMatchObject({ stopped: { nodes: ['a', 'b'] } })
    expect(notes[0]).toMatch(/take it in then: etcd-rescue run rejoin-member --set node=c$/)
  })

  test('one without a volume answers, and its etcd-manager is left as it is: it runs no etcd', async () => {
    const scene = await threeNodes({ script: noEtcd })
    rmSync(scene.baseOf('c'), { recursive: true })
    const { gives, notes } = await stop(scene, { seats: scene.seats.slice(0, 2) })
    expect(gives).toMatchObject({ stopped: { nodes: ['a', 'b'] } })
    expect(scene.inPlace(POD)).toEqual(['c'])
    expect(notes[0]).toBe('etcd-manager on c is left as it is: it waits for its volume, and runs no etcd')
  })

  test('one that came back in the meantime, or was given its volume, can run another cluster: no answer makes that right', async () => {
    const scene = await threeNodes({ script: noEtcd })
    const over = { seats: scene.seats.slice(0, 2), world: { prompter: memoryPrompter({ confirm: true }) } }
    await expect(stop(scene, over)).rejects.toMatchObject({
      code: 'PRECONDITION',
      message: /^c answers and may have its volume now/,
      hint: /new run/,
    })
    expect(scene.inPlace(POD)).toEqual([...NAMES])
  })

  test('undo starts it again, but never into control files that would trash the data', async () => {
    const scene = await threeNodes()
    await stop(scene)
    const marker = await scene.store.read(CREATED_KEY)
    await scene.store.remove(CREATED_KEY)
    await expect(undo(scene)).rejects.toMatchObject({ code: 'CONTROL_FILES' })
    expect(scene.inPlace(POD)).toEqual([])
    await scene.store.write(CREATED_KEY, marker.body)
    await undo(scene)
    expect(scene.inPlace(POD)).toEqual([...NAMES])
  })
})
