import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { memoryPrompter } from '../../src/adapters/memory/prompter.ts'
import type { Facts } from '../../src/steps/facts.ts'
import { NAMES, TOKEN, threeNodes } from './support/in-place.ts'
import { contextOf, runStep } from './support/step.ts'
import { tempScratch } from './support/temp.ts'

type Scene = Awaited<ReturnType<typeof scene>>

const FILES = ['member/snap/db', 'member/wal/0000000000000000-0000000000000000.wal']

async function scene(options: Parameters<typeof threeNodes>[0] = {}) {
  const made = await threeNodes(options)
  const original = (name: string) => join(made.baseOf(name), 'data-trashcan', TOKEN)
  for (const name of NAMES)
    for (const file of FILES) {
      mkdirSync(join(original(name), file, '..'), { recursive: true })
      writeFileSync(join(original(name), file), `${name} ${file}`.repeat(1000))
    }
  const members = NAMES.map((name) => ({
    ...{ node: name, path: original(name), base: made.baseOf(name) },
    ...{ memberId: `1${name}`, name: `etcd-${name}`, peerUrls: [] },
  }))
  const generation: Facts['generation'] = { token: TOKEN, clusterId: 'cc', size: 3, members, missing: [] }
  const aside = (name: string) => join(made.baseOf(name), 'etcd-rescue/aside', TOKEN)
  return { ...made, original, aside, generation, scratch: await tempScratch() }
}

const optionsOf = ({ controlPlane, generation, scratch }: Scene, over: { inputs?: unknown; select?: string } = {}) => ({
  facts: { generation },
  inputs: over.inputs,
  world: { controlPlane, scratch, prompter: memoryPrompter(over.select === undefined ? {} : { select: over.select }) },
})
const copy = async (made: Scene, over?: Parameters<typeof optionsOf>[1]) => {
  const { gives, ...rest } = await runStep('copy-aside', optionsOf(made, over))
  return { ...rest, ...(gives as Pick<Facts, 'aside'>) }
}

const digest = (dir: string) =>
  FILES.map((file) =>
    createHash('sha256')
      .update(readFileSync(join(dir, file)))
      .digest('hex'),
  )

/** A node without room: blocks cannot be shared, and df says so. */
const full = (name: string) => (argv: readonly string[]) => {
  if (argv[0] === 'df' && argv.at(-1)?.includes(`/${name}/`))
    return { stdout: 'Filesystem 1-blocks Used Available Capacity Mounted on\n/dev/x 100 99 1 99% /mnt/v\n' }
  return argv[4] === 'always' ? { code: 45 } : undefined
}

describe('copy-aside', () => {
  test('each directory has a copy on its own volume, the same byte for byte, and stays as it is', async () => {
    const made = await scene()
    const before = NAMES.map((name) => digest(made.original(name)))
    const { aside, notes } = await copy(made)
    expect(aside).toEqual({
      dirs: NAMES.map((name) => ({ node: name, path: made.aside(name), bytes: expect.any(Number), where: 'node' })),
      without: [],
    })
    expect(NAMES.map((name) => digest(made.aside(name)))).toEqual(before)
    expect(NAMES.map((name) => digest(made.original(name)))).toEqual(before)
    expect(notes[0]).toBe(`a: 66 kB kept in ${made.aside('a')}`)
  })

  test('shares blocks where the file system can: then room is not even asked for', async () => {
    const asCloned = (argv: readonly string[]) => {
      if (argv[0] === 'df') return { code: 1 }
      if (argv[4] !== 'always') return undefined
      const [program = '', ...args] = argv.map((word) => (word === 'always' ? 'auto' : word))
      return { code: spawnSync(program, args).status ?? 1 }
    }
    const made = await scene({ script: asCloned })
    expect((await copy(made)).aside.dirs).toHaveLength(3)
  })

  test('a copy that is there is looked at, and not made again', async () => {
    const made = await scene()
    await copy(made)
    const calls = made.controlPlane.map(({ calls }) => calls.length)
    expect((await copy(made)).aside.dirs.map(({ path }) => path)).toEqual(NAMES.map(made.aside))
    const again = made.controlPlane.flatMap((host, at) => host.calls.slice(calls[at]))
    expect(again.some(({ argv }) => argv.includes('auto'))).toBe(false)
  })

  test('one of an earlier recovery, on whose directory etcd has run since, is kept beside a new one', async () => {
    const made = await scene()
    await copy(made)
    const before = digest(made.aside('b'))
    writeFileSync(join(made.original('b'), FILES[0] as string), 'etcd wrote here')
    const { aside, notes } = await copy(made)
    const own = `${made.aside('b')}.20240321T130205Z-k3f9aq`
    expect(aside.dirs[1]?.path).toBe(own)
    expect(digest(own)).toEqual(digest(made.original('b')))
    expect(digest(made.aside('b'))).toEqual(before)
    expect(notes[0]).toMatch(/^b: .* is of an earlier recovery/)
  })

  test('an earlier copy with one WAL file more is no copy either', async () => {
    const made = await scene()
    await copy(made)
    writeFileSync(join(made.aside('a'), 'member/wal/0000000000000001-0000000000000009.wal'), 'more')
    expect((await copy(made)).aside.dirs[0]?.path).not.toBe(made.aside('a'))
  })

  test('an original that changes while it is copied is COPY_CHANGED: an etcd runs on it', async () => {
    const made = await scene({
      script: (argv) => {
        if (argv[4] === 'auto' && argv[5]?.includes('/c/')) {
          const [program = '', ...args] = argv
          spawnSync(program, args)
          writeFileSync(join(argv[5], FILES[0] as string), 'etcd writes here')
          return {}
        }
        return undefined
      },
    })
    await expect(copy(made)).rejects.toMatchObject({
      code: 'COPY_CHANGED',
      message: expect.stringMatching(/^c: .*member\/snap\/db is not the same/),
      hint: expect.stringContaining(`sudo rm -r ${made.aside('c')}`),
    })
  })

  test('no room, and nobody to ask: the flag is named, and nothing is left half done', async () => {
    const made = await scene({ script: full('b') })
    await expect(copy(made)).rejects.toMatchObject({ code: 'ANSWER_MISSING', hint: /--set aside=here/ })
    expect(existsSync(made.aside('b'))).toBe(false)
    expect(existsSync(`${made.aside('b')}.part`)).toBe(false)
  })

  test('no room: a copy is fetched to this machine, when asked for or told to', async () => {
    for (const over of [{ select: 'fetch' }, { inputs: { aside: 'here' } }]) {
      const made = await scene({ script: full('b') })
      const { aside } = await copy(made, over)
      expect(aside.dirs.map(({ where }) => where)).toEqual(['node', 'here', 'node'])
      expect(aside.dirs[1]?.path).toBe(made.scratch.peek('aside', 'b'))
      expect(digest(aside.dirs[1]?.path ?? '')).toEqual(digest(made.original('b')))
      expect(aside.without).toEqual([])
    }
  })

  test('no room: going on without a copy is asked once, and said at the end', async () => {
    const made = await scene({ script: full('b') })
    const remembered = new Map<string, unknown>()
    const { notes, gives, world } = await runStep('copy-aside', { ...optionsOf(made, { select: 'go on' }), remembered })
    expect((gives as Pick<Facts, 'aside'>).aside.without).toEqual(['b'])
    expect(notes.at(-1)).toBe('no copy is kept of the directories on b, as you said')
    expect((world.prompter as ReturnType<typeof memoryPrompter>).questions[0]).toMatch(/^b has no room in .*mnt\/v/)
    const again = await runStep('copy-aside', { ...optionsOf(made), remembered })
    expect((again.gives as Pick<Facts, 'aside'>).aside.without).toEqual(['b'])
    expect((await copy(made, { inputs: { aside: 'none' } })).aside.without).toEqual(['b'])
  })

  test('inputs are held to the three that there are', () => {
    expect(() => contextOf('copy-aside', { inputs: { aside: 'no' } })).toThrow(/aside/)
  })
})
