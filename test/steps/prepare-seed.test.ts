import { rmSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { memoryPrompter } from '../../src/adapters/memory/prompter.ts'
import { RescueError } from '../../src/errors/rescue-error.ts'
import type { EtcdRelease, LocalEtcd } from '../../src/ports/etcd.ts'
import type { Copy, Facts } from '../../src/steps/facts.ts'
import { count } from '../../src/words/numbers.ts'
import { threeNodes } from './support/in-place.ts'
import { kvClient, liveAs } from './support/kv-client.ts'
import { etcd, memberDir, putPods } from './support/member-dir.ts'
import { noEtcd } from './support/nodes.ts'
import { copyOf, runStep } from './support/step.ts'
import { tempScratch } from './support/temp.ts'

const KEYS = 30
const REVISION = KEYS + 1
const MARGIN = 1_000_000_000

let dir: string
let release: EtcdRelease
let path: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rescue-step-'))
  path = join(dir, 'snapshot.db')
  release = await memberDir(join(dir, 'member'), async (member) => {
    await putPods(member, 0, KEYS)
    await writeFile(path, await buffer(await member.client.snapshot()))
  })
})
afterAll(() => rm(dir, { recursive: true, force: true }))

interface Options {
  bumpRevision?: unknown
  without?: string
  copies?: Copy[]
  live?: Parameters<typeof liveAs>[0]
  local?: LocalEtcd
  keys?: number
  remembered?: Map<string, unknown>
  world?: Parameters<typeof runStep>[1]['world']
}

async function prepare(options: Options = {}) {
  const {
    bumpRevision,
    without = '',
    copies = [],
    live = () => undefined,
    local = etcd,
    keys = KEYS,
    remembered,
    world: more,
  } = options
  const facts = {
    copies,
    restored: { minor: release.minor, revision: REVISION, keys },
    snapshot: { path, bytes: 1, sha256: '' },
  }
  const inputs = { without, ...(bumpRevision === undefined ? {} : { bumpRevision }) }
  const world = { etcd: local, live: liveAs(live), scratch: await tempScratch(), ...more }
  const made = await runStep('prepare-seed', { facts, inputs, world, ...(remembered ? { remembered } : {}) })
  return { ...made, ...(made.gives as Pick<Facts, 'seed' | 'expected'>) }
}

describe('prepare-seed', () => {
  test('tries exactly the snapshot: all keys are there, at a revision beyond everything, and older ones are compacted', async () => {
    const { seed, expected, notes } = await prepare()
    expect(seed).toEqual({ minor: release.minor, revision: expected.revision, bumpedBy: MARGIN })
    expect(expected).toMatchObject({ keys: KEYS, minor: release.minor })
    expect(expected.revision).toBeGreaterThanOrEqual(REVISION + MARGIN)
    expect(notes.at(-1)).toBe(
      `the snapshot restores: 30 keys, revision ${count(expected.revision)} (31 + 1,000,000,000)`,
    )
    const member = await etcd.start(release, expected.dataDir)
    try {
      // what a watch from before the incident asks for: it must be told, not served (etcd-io/etcd 16028)
      for (const revision of [2, REVISION, REVISION + MARGIN - 1])
        await expect(member.client.count({ revision })).rejects.toThrow(/compacted/)
      await expect(member.client.count({ revision: expected.revision })).resolves.toBe(KEYS)
      await member.client.put('/registry/pods/default/new', 'x')
      expect((await member.client.status()).revision).toBe(expected.revision + 1)
    } finally {
      await member.stop()
    }
  })

  test('a machine that is too slow to keep the leases tries anew, from a fresh directory', async () => {
    let starts = 0
    const start: LocalEtcd['start'] = (...args) => {
      starts += 1
      if (starts === 1) throw new RescueError('LEASES_EXPIRED', '1 leases ran out', { hint: 'try again' })
      return etcd.start(...args)
    }
    expect((await prepare({ local: { ...etcd, start } })).expected).toMatchObject({ keys: KEYS })
    expect(starts).toBe(2)
  })

  test('what does not answer, and has a copy that cannot be read, may have been seeded so before', async () => {
    const unread: Copy = copyOf({ node: 'c', id: 'c:new', token: 'new' })
    delete unread.revision
    const { seed, notes } = await prepare({ copies: [copyOf({ revision: 500 }), unread] })
    expect(seed.bumpedBy).toBe(500 - REVISION + 100 * MARGIN)
    expect(notes[0]).toMatch(/it does not answer, and not every copy was read/)
    const answers = await prepare({ copies: [unread], live: () => kvClient({ '/a': 'x' }) })
    expect(answers.seed.bumpedBy).toBe(MARGIN)
  })

  test('auto goes beyond the highest revision of any copy, its log included, and of the running cluster', async () => {
    const copies = [copyOf({ revision: 500 }), copyOf({ node: 'b', revision: 700, walWrites: 40 })]
    const first = await prepare({ copies })
    expect(first.seed.bumpedBy).toBe(740 - REVISION + MARGIN)
    expect(first.notes[0]).toMatch(/^the highest revision seen .* is 740;/)
    const running = kvClient(Object.fromEntries(Array.from({ length: 999 }, (_, at) => [`/k${at}`, 'x'])))
    const second = await prepare({ copies, live: () => running })
    expect(second.seed.bumpedBy).toBe(1000 - REVISION + MARGIN)
    expect(running.closed).toBe(1)
  })

  test.each([
    ['beyond all that was seen', 'auto', 50, false],
    ['kept as it was', 'off', 50, true],
    ['not enough to pass what clients have seen', 10, 50, true],
    ['enough', 100, 50, false],
    ['enough for what was seen, and the running cluster does not answer', 100, undefined, 'unknown'],
    ['a milliard beyond, which needs no answer', 'auto', undefined, false],
  ])('says whether revisions go backwards: %s', async (_, bumpRevision, running, isBackwards) => {
    const keys = Object.fromEntries(Array.from({ length: running ?? 0 }, (_, at) => [`/k${at}`, 'x']))
    const live = () => (running === undefined ? undefined : kvClient(keys))
    const { gives } = await prepare({ bumpRevision, live })
    expect(gives).toMatchObject({ backwards: { isBackwards } })
  })

  test('resumed, it keeps the bump of the first attempt: members may be restored with it already', async () => {
    const remembered = new Map<string, unknown>([['bump', 5000]])
    const { seed } = await prepare({ copies: [copyOf({ revision: 9000 })], remembered })
    expect(seed.bumpedBy).toBe(5000)
  })

  test('off keeps the revision, and says what must be restarted', async () => {
    const { seed, expected, notes } = await prepare({ bumpRevision: 'off' })
    expect(seed).toMatchObject({ bumpedBy: 0, revision: REVISION })
    expect(expected.revision).toBe(REVISION)
    expect(notes.at(-1)).toMatch(/not bumped: restart everything that watches/)
  })

  test('a number is added as it is, also as text from a runbook', async () => {
    expect((await prepare({ bumpRevision: '1000' })).seed).toMatchObject({ bumpedBy: 1000 })
    for (const bumpRevision of ['0', -1, 1e13, 'often', '1.5', ''])
      await expect(prepare({ bumpRevision })).rejects.toThrow(/bumpRevision/)
  })

  test('an etcd that cannot bump is refused before the trial, and with off it need not', async () => {
    const old: LocalEtcd = { ...etcd, canBump: async () => false }
    await expect(prepare({ local: old })).rejects.toMatchObject({
      code: 'PRECONDITION',
      message: `etcd ${release.version} cannot restore with a higher revision`,
      hint: /--set bumpRevision=off/,
    })
    expect((await prepare({ local: old, bumpRevision: 'off' })).seed.bumpedBy).toBe(0)
  })

  test('a node that is away is told before anything is stopped: no seed goes without it', async () => {
    const made = await threeNodes()
    made.away.add('c')
    const { controlPlane, store, target } = made
    const local: LocalEtcd = {
      ...etcd,
      canBump: async () => true,
      restore: () => Promise.reject(new Error('too late')),
    }
    await expect(prepare({ local, world: { controlPlane, store, target } })).rejects.toMatchObject({
      code: 'PRECONDITION',
      message: '2 control-plane nodes answer, and the cluster spec wants 3 members',
      hint: /--method return-in-place --set down=NODE/,
    })
  })

  test('a node without a volume is asked about before anything is stopped; one of three is no quorum', async () => {
    const { baseOf, ...made } = await threeNodes({ script: noEtcd })
    const { controlPlane, store, target } = made
    rmSync(baseOf('c'), { recursive: true })
    const world = { controlPlane, store, target }
    await expect(prepare({ world })).rejects.toMatchObject({
      ...{
        code: 'ANSWER_MISSING',
        message: /^no terminal to ask on: c has no volume of etcd main/,
        hint: /--set without=c$/,
      },
    })
    const { seed, notes } = await prepare({ world: { ...world, prompter: memoryPrompter({ confirm: true }) } })
    expect(seed.without).toEqual(['c'])
    expect(notes[0]).toMatch(/^c has no volume .*: goes on without it; .* rejoin-member --set node=c$/)
    expect((await prepare({ world, without: 'c' })).seed.without).toEqual(['c'])
    rmSync(baseOf('b'), { recursive: true })
    await expect(prepare({ world, without: 'b,c' })).rejects.toMatchObject({
      ...{ code: 'PRECONDITION', message: /^only 1 of 3 control-plane nodes has a volume/, hint: /attach the disks/ },
    })
  })

  test("Debian's 3.4 is such a one", async ({ skip }) => {
    const found = await etcd.find('3.4').catch(() => undefined)
    if (!found || Number(found.version.split('.')[2]) >= 28) skip('no etcd 3.4 before 3.4.28 is set up for the tests')
    else expect(await etcd.canBump(found)).toBe(false)
  })

  test('a snapshot that holds less than the copy is no seed', async () => {
    await expect(prepare({ keys: KEYS + 1 })).rejects.toMatchObject({
      code: 'ETCD_FAILED',
      message: 'the snapshot restores to 30 keys where the copy holds 31',
    })
  })
})
