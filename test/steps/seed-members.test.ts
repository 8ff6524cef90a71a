import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openFileSource, peekMember } from '../../src/bolt/index.ts'
import type { EtcdRelease, LocalEtcd } from '../../src/ports/etcd.ts'
import type { Copy, Facts } from '../../src/steps/facts.ts'
import { NAMES, threeNodes } from './support/in-place.ts'
import { etcd, memberDir, putPods } from './support/member-dir.ts'
import { noEtcd } from './support/nodes.ts'
import { contextOf, copyOf, runStep, stepOf } from './support/step.ts'

const PID = 4711
const KEYS = 40
let dir: string
let release: EtcdRelease
let facts: Pick<Facts, 'seed' | 'snapshot' | 'gz'>

const sha256 = (data: Buffer) => createHash('sha256').update(data).digest('hex')

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rescue-step-'))
  let snapshot = Buffer.alloc(0)
  release = await memberDir(join(dir, 'member'), async (member) => {
    await putPods(member, 0, KEYS)
    snapshot = await buffer(await member.client.snapshot())
  })
  const gz = gzipSync(snapshot, { level: 1 })
  const [path, packed] = [join(dir, 'snapshot.db'), join(dir, 'etcd.backup.gz')]
  writeFileSync(path, snapshot)
  writeFileSync(packed, gz)
  const { minor } = release
  facts = {
    seed: { minor, revision: KEYS + 1, bumpedBy: 0 },
    snapshot: { path, bytes: snapshot.length, sha256: sha256(snapshot) },
    gz: { path: packed, bytes: gz.length, sha256: sha256(gz) },
  }
})
afterAll(() => rm(dir, { recursive: true, force: true }))

interface Scene extends NonNullable<Parameters<typeof threeNodes>[0]> {
  /** Without a tool in etcd-manager's container. */
  bare?: boolean
  bumpedBy?: number
  /** Changes what the copies on a node say. */
  copy?: (copy: Copy) => Copy
}

/** Three nodes that serve an empty cluster; their etcd-manager carries the tests' etcd. */
async function scene({ bare = false, bumpedBy = 0, copy = (one) => one, ...options }: Scene = {}) {
  const made = await threeNodes({ pid: PID, ...options })
  for (const name of NAMES) {
    const opt = join(made.dir, name, `proc/${PID}/root/opt/etcd-v${release.version}`)
    mkdirSync(opt, { recursive: true })
    // a directory alone is no etcd that it carries
    writeFileSync(join(opt, 'etcd'), '#!/bin/sh\n', { mode: 0o755 })
    if (!bare) symlinkSync(release.etcdutl ?? release.etcdctl, join(opt, release.etcdutl ? 'etcdutl' : 'etcdctl'))
  }
  const memberList = NAMES.map((name) => ({ id: `1${name}`, name: `etcd-${name}`, peerUrls: [`https://${name}:2380`] }))
  const copies = NAMES.map((name) =>
    copy(
      copyOf({
        ...{ id: `${name}:new`, node: name, token: 'new', path: `${made.baseOf(name)}/data/new`, place: 'data' },
        ...{ serving: true, member: `etcd-${name}`, memberList },
      }),
    ),
  )
  const control = { memberCount: 3, etcdVersion: release.version }
  const given = { ...facts, seed: { ...facts.seed, bumpedBy }, copies, copy: copies[0], control }
  return { ...made, copies, facts: given, world: { ...worldOf(made), etcd } }
}

const worldOf = ({ controlPlane, store, target }: Awaited<ReturnType<typeof threeNodes>>) => ({
  ...{ controlPlane, store, target },
})

type Made = Awaited<ReturnType<typeof scene>>
const seed = async (made: Made, remembered = new Map<string, unknown>(), local: LocalEtcd = etcd) => {
  const world = { ...made.world, etcd: local }
  const { gives, notes } = await runStep('seed-members', { facts: made.facts, world, remembered })
  return { ...(gives as Pick<Facts, 'placement'>), notes, remembered }
}
/** What the database and the log of a directory say. */
async function look(source: string) {
  const db = await openFileSource(join(source, 'member/snap/db'))
  const wal = await Promise.all(
    readdirSync(join(source, 'member/wal')).map(async (name) => ({
      name,
      source: await openFileSource(join(source, 'member/wal', name)),
    })),
  )
  try {
    const { clusterId, memberId, revision } = await peekMember(db, wal)
    return { clusterId, memberId, revision }
  } finally {
    for (const opened of [db, ...wal.map((one) => one.source)]) await opened.close()
  }
}

const own = (made: Made, name: string) => join(made.baseOf(name), 'etcd-rescue')
const isDir = (path: string) => existsSync(path) && statSync(path).isDirectory()

describe('seed-members', () => {
  test('every node gets its member of one new cluster, beside what runs, and nothing else', async () => {
    const made = await scene()
    const db = made.giveDb('a')
    const { placement, notes } = await seed(made)
    const { token } = placement
    expect(token).toMatch(/^[\w][\w-]{21}$/)
    expect(placement.clusterId).toBeUndefined()
    expect(placement.members.map(({ name, peerUrls }) => [name, peerUrls])).toEqual(
      NAMES.map((name) => [`etcd-${name}`, [`https://${name}:2380`]]),
    )
    const seen = []
    for (const { node, name, source = '' } of placement.seats) {
      expect(source).toBe(join(own(made, node), 'seed', token))
      expect(statSync(source).mode & 0o777).toBe(0o700)
      expect(readdirSync(join(own(made, node), 'seed'))).toEqual([token])
      expect(readdirSync(join(own(made, node), 'sent'))).toEqual([])
      seen.push({ name, ...(await look(source)) })
    }
    expect(new Set(seen.map(({ clusterId }) => clusterId)).size).toBe(1)
    expect(new Set(seen.map(({ memberId }) => memberId)).size).toBe(3)
    expect(seen.every(({ revision }) => revision === KEYS + 1)).toBe(true)
    expect(await readFile(db, 'utf8')).toBe('pages')
    expect(notes).toEqual([`3 members are restored beside what runs, under the new token ${token}`])
  })

  test('a node without a volume gets no member, where that was agreed; its etcd-manager is added to what the others are', async () => {
    const made = await scene({ script: noEtcd })
    rmSync(made.baseOf('c'), { recursive: true })
    made.facts.copies.pop()
    await expect(seed(made)).rejects.toMatchObject({ code: 'PRECONDITION', message: /^2 control-plane nodes answer/ })
    made.facts.seed = { ...made.facts.seed, without: ['c'] }
    const { placement } = await seed(made)
    expect(placement.seats.map(({ node }) => node)).toEqual(['a', 'b'])
    expect(placement.members.map(({ name }) => name)).toEqual(['etcd-a', 'etcd-b'])
    const found = await Promise.all(placement.seats.map(({ source = '' }) => look(source)))
    expect(new Set(found.map(({ clusterId }) => clusterId)).size).toBe(1)
    expect(new Set(found.map(({ memberId }) => memberId)).size).toBe(2)
    expect(existsSync(own(made, 'c'))).toBe(false)
  })

  test('with a higher revision, each member begins beyond it', async () => {
    const made = await scene({ bumpedBy: 1_000_000 })
    const { placement } = await seed(made)
    const [one] = placement.seats
    const member = await etcd.start(release, one?.source ?? '', { forceNewCluster: true })
    try {
      expect((await member.client.status()).revision).toBeGreaterThan(1_000_000 + KEYS)
      await expect(member.client.count({ revision: KEYS })).rejects.toThrow(/compacted/)
    } finally {
      await member.stop()
    }
  })

  test('where etcd-manager has no tool, ours is brought along and taken away again', async () => {
    const made = await scene({ bare: true })
    const { placement, notes } = await seed(made)
    expect(notes).toContain(`b: brings along its own etcdutl ${release.version}`)
    expect(placement.seats.every(({ source = '' }) => isDir(join(source, 'member')))).toBe(true)
    expect(readdirSync(join(own(made, 'b'), 'sent'))).toEqual([])
  })

  test('one that neither has a tool that bumps nor runs ours is told what is left to do', async () => {
    const refuses = (argv: readonly string[]) => (argv.includes('--help') ? { code: 126 } : undefined)
    const made = await scene({ bumpedBy: 10, script: refuses })
    await expect(seed(made)).rejects.toMatchObject({ code: 'PRECONDITION', hint: /--set bumpRevision=off/ })
    expect(NAMES.some((name) => isDir(join(own(made, name), 'seed')))).toBe(false)
  })

  test('no room is found out before anything is sent; resumed, only what is missing is made', async () => {
    let isFull = true
    const df = (argv: readonly string[]) =>
      isFull && argv[0] === 'df' && argv.at(-1)?.includes('/c/')
        ? { stdout: 'Filesystem 1-blocks Used Available Capacity Mounted on\n/dev/x 9 0 1048576 0% /mnt/v\n' }
        : undefined
    const made = await scene({ script: df })
    const remembered = new Map<string, unknown>()
    await expect(seed(made, remembered)).rejects.toMatchObject({
      code: 'DISK_FULL',
      message: expect.stringMatching(/^c: .* has 1.05 MB free, and [\d.]+ MB are needed/),
      hint: /make room/,
    })
    expect(existsSync(own(made, 'c'))).toBe(false)
    isFull = false
    const before = made.controlPlane[0]?.calls.length ?? 0
    const { placement } = await seed(made, remembered)
    expect(placement).toEqual(remembered.get('placement'))
    expect(made.controlPlane[0]?.calls.length).toBe(before)
    expect(isDir(placement.seats[2]?.source ?? '')).toBe(true)
  })

  test('what arrives is compared with what was sent', async () => {
    const flipped = (argv: readonly string[]) => {
      if (argv[0] !== 'sh' || !argv[2]?.includes('gzip -dc')) return undefined
      const [program = '', ...args] = argv
      const { status } = spawnSync(program, args)
      writeFileSync(argv[5] ?? '', 'other bytes')
      return { code: status ?? 1 }
    }
    const made = await scene({ script: flipped })
    await expect(seed(made)).rejects.toMatchObject({
      code: 'COPY_CHANGED',
      message: /snapshot\.db is not what was sent/,
    })
    expect(NAMES.some((name) => isDir(join(own(made, name), 'seed')))).toBe(false)
  })

  test.each([
    ['name', withName('etcd-a,evil=http://x')],
    ['name like a flag', withName('--wal-dir')],
    ['peer URL', withUrl('https://a:2380,evil=http://x:1')],
    ['peer URL like a flag', withUrl('-h')],
  ])('a hostile %s from a database never becomes a flag', async (_, change) => {
    const made = await scene({ copy: (copy) => (copy.node === 'a' ? change(copy) : copy) })
    await expect(seed(made)).rejects.toMatchObject({ code: 'HOST_OUTPUT', message: /is no NAME=PEER-URL of a member/ })
    const restores = made.controlPlane.flatMap(({ calls }) => calls).filter(({ argv }) => argv.includes('restore'))
    expect(restores.filter(({ effect }) => effect === 'change')).toEqual([])
  })

  test('undo removes what was sent and half restored; a whole directory, which may hold new writes, only moves to the trashcan', async () => {
    const made = await scene()
    const db = made.giveDb('a')
    const { remembered, placement } = await seed(made)
    const { source = '' } = placement.seats[0] ?? {}
    mkdirSync(`${source}.part`)
    mkdirSync(join(own(made, 'a'), 'sent/20240321T130205Z-k3f9aq'))
    mkdirSync(join(own(made, 'a'), 'sent/of-another-run'))
    mkdirSync(join(own(made, 'a'), 'aside/old'), { recursive: true })
    mkdirSync(join(own(made, 'a'), 'seed/of-another-run'))
    const { context } = contextOf('seed-members', { facts: made.facts, world: made.world, remembered })
    await stepOf('seed-members').undo?.(context as never, undefined as never)
    expect(readdirSync(join(own(made, 'a'), 'seed'))).toEqual(['of-another-run'])
    expect(readdirSync(join(own(made, 'a'), 'sent'))).toEqual(['of-another-run'])
    expect(readdirSync(join(own(made, 'b'), 'seed'))).toEqual([])
    const kept = join(made.baseOf('b'), 'data-trashcan', `${placement.token}.undone-20240321T130205Z-k3f9aq`)
    expect(existsSync(join(kept, 'member/snap/db'))).toBe(true)
    expect(readdirSync(join(own(made, 'a'), 'aside'))).toEqual(['old'])
    expect(existsSync(db)).toBe(true)
  })

  test('undo of a step that had not begun is nothing', async () => {
    const made = await scene()
    const { context } = contextOf('seed-members', { facts: made.facts, world: made.world })
    await stepOf('seed-members').undo?.(context as never, undefined as never)
    expect(made.controlPlane.flatMap(({ calls }) => calls)).toEqual([])
  })
})

function withName(name: string) {
  return (copy: Copy): Copy => ({
    ...copy,
    member: name,
    memberList: [{ id: '9', name, peerUrls: ['https://a:2380'] }],
  })
}

function withUrl(url: string) {
  return (copy: Copy) => {
    const memberList = copy.memberList?.map((one) => (one.name === 'etcd-a' ? { ...one, peerUrls: [url] } : one))
    return { ...copy, ...(memberList ? { memberList } : {}) }
  }
}
