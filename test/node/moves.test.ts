import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { RescueError } from '../../src/errors/rescue-error.ts'
import { copyDirOn, removeOwnDir } from '../../src/node/copy-dir.ts'
import { freeBytes } from '../../src/node/disk.ts'
import { type Move, makeMove, makeMoves, reversed } from '../../src/node/moves.ts'
import { heldDatabase } from '../../src/node/released.ts'
import { sendFile } from '../../src/node/send-file.ts'
import { writeFileOn } from '../../src/node/write-file.ts'
import { tempDir } from '../steps/support/temp.ts'
import { localHost, sha256sum } from './fake.ts'

const ODD = "-odd 'name' $(x)\n"
let dir: string
const at = (...parts: string[]) => join(dir, ...parts)
const host = localHost()

beforeEach(async () => {
  dir = await tempDir()
})

function tree(name: string) {
  mkdirSync(at(name, 'member'), { recursive: true, mode: 0o700 })
  writeFileSync(at(name, 'member', 'db'), 'pages', { mode: 0o600 })
}

/** Loses the answer of the first change: it happened, and nobody knows. */
function forgetful() {
  let lost = false
  return {
    ...host,
    run: async (command: Parameters<typeof host.run>[0]) => {
      const result = await host.run(command)
      if (lost || command.effect === 'read') return result
      lost = true
      throw new RescueError('HOST_CONNECTION_LOST', 'broke', { hint: 'again' })
    },
  }
}

describe('a rename on a node', () => {
  it('is made, found made, and taken back', async () => {
    tree(ODD)
    const move = { from: at(ODD), to: at('data', 'new') }
    await makeMove(host, move)
    await makeMove(host, move)
    expect(readFileSync(at('data/new/member/db'), 'utf8')).toBe('pages')
    for (const back of reversed([move])) await makeMove(host, back)
    expect(existsSync(at(ODD))).toBe(true)
    expect(readdirSync(at('data'))).toEqual([])
  })

  it('is made once when its answer is lost', async () => {
    tree('old')
    await makeMove(forgetful(), { from: at('old'), to: at('new') })
    expect(existsSync(at('new/member/db'))).toBe(true)
  })

  it('is found made with others, also where a later one has filled its old place', async () => {
    tree('data')
    tree('trashcan')
    writeFileSync(at('trashcan/wanted'), '')
    const moves = [
      { from: at('data'), to: at('out') },
      { from: at('trashcan'), to: at('data') },
    ]
    await makeMoves(host, moves)
    await makeMoves(host, moves)
    expect([existsSync(at('data/wanted')), existsSync(at('out/wanted'))]).toEqual([true, false])
    await makeMoves(host, reversed(moves))
    expect(existsSync(at('trashcan/wanted'))).toBe(true)
    // somebody took the wanted one away: what lies in its place is not it
    const [out, into] = moves as [Move, Move]
    await makeMove(host, out)
    await makeMove(host, { from: into.from, to: at('elsewhere') })
    await expect(makeMoves(host, moves)).rejects.toMatchObject({ message: /neither/ })
    await makeMove(host, { from: at('elsewhere'), to: into.from })
    await makeMove(host, { from: out.to, to: out.from })
    const bad = [moves[0] as Move, { from: at('gone'), to: at('x') }, { from: at('trashcan'), to: at('data') }]
    await expect(makeMoves(host, bad)).rejects.toMatchObject({ message: /neither \S+gone nor/ })
    expect(existsSync(at('trashcan/wanted'))).toBe(true)
  })

  it('never puts one thing over or into another, and says when nothing is there', async () => {
    tree('old')
    mkdirSync(at('new'))
    await expect(makeMove(host, { from: at('old'), to: at('new') })).rejects.toMatchObject({
      code: 'STEP_FAILED',
      message: /exists already/,
    })
    expect(readdirSync(at('new'))).toEqual([])
    const nothing = makeMove(host, { from: at('gone'), to: at('also-gone') })
    await expect(nothing).rejects.toMatchObject({ code: 'STEP_FAILED', message: /neither/ })
  })
})

describe('a copy on a node', () => {
  it('is whole, with modes and times, and its original is not touched', async () => {
    tree('old')
    chmodSync(at('old/member/db'), 0o640)
    const before = statSync(at('old/member/db'))
    const to = at('etcd-rescue/aside/old')
    if (!(await copyDirOn(host, { from: at('old'), to }, 'clone'))) {
      expect(existsSync(`${to}.part`)).toBe(false)
      await copyDirOn(host, { from: at('old'), to }, 'copy')
    }
    const copied = statSync(join(to, 'member/db'))
    expect([copied.mode, copied.mtimeMs]).toEqual([before.mode, before.mtimeMs])
    expect(statSync(at('old/member/db')).ctimeMs).toBe(before.ctimeMs)
    expect(statSync(at('etcd-rescue/aside')).mode & 0o777).toBe(0o700)
    await copyDirOn(host, { from: at('gone'), to }, 'copy')
    expect(readFileSync(join(to, 'member/db'), 'utf8')).toBe('pages')
  })

  it('can be removed, and nothing else can', async () => {
    tree('etcd-rescue/seed/token')
    await removeOwnDir(host, at('etcd-rescue/seed/token'))
    expect(readdirSync(at('etcd-rescue/seed'))).toEqual([])
    for (const dir of ['/mnt/v/data/token', '/mnt/v/etcd-rescue', '/x/etcd-rescue/seed/../data'])
      await expect(removeOwnDir(host, dir)).rejects.toMatchObject({ code: 'BUG' })
  })
})

describe('a file for a node', () => {
  it('is written whole, 0600, over the old one', async () => {
    writeFileSync(at(ODD), 'old')
    await writeFileOn(host, at(ODD), Buffer.from([0, 1, 255]))
    expect(readFileSync(at(ODD))).toEqual(Buffer.from([0, 1, 255]))
    expect(statSync(at(ODD)).mode & 0o777).toBe(0o600)
    expect(readdirSync(dir)).toHaveLength(1)
  })

  it('is sent in pieces, and gone on with after a break', async () => {
    const bytes = Buffer.alloc(9_000_001, 'piece')
    writeFileSync(at('here'), bytes)
    mkdirSync(at('there'))
    writeFileSync(at('there/file'), bytes.subarray(0, 4_500_000))
    const sent: number[] = []
    const options = { signal: new AbortController().signal, onBytes: (n: number) => sent.push(n) }
    await sendFile(forgetful(), at('here'), at('there/file'), options)
    expect(sha256sum(at('there/file'))).toBe(sha256sum(at('here')))
    expect(sent).toEqual([8 << 20, bytes.length])
  })

  it('replaces a longer one', async () => {
    writeFileSync(at('here'), 'short')
    writeFileSync(at('there'), 'much longer')
    await sendFile(host, at('here'), at('there'), { signal: new AbortController().signal })
    expect(readFileSync(at('there'), 'utf8')).toBe('short')
  })
})

it('tells how much room there is', async () => {
  expect(await freeBytes(host, dir)).toBeGreaterThan(1_000_000)
})

it('does not take a database that cannot be looked at for one that is free', async () => {
  mkdirSync(at('odd/token/member/snap'), { recursive: true })
  symlinkSync('db', at('odd/token/member/snap/db'))
  await expect(heldDatabase(host, [at('odd')])).rejects.toMatchObject({ code: 'HOST_COMMAND' })
  await expect(heldDatabase(host, [at('odd/token')])).rejects.toMatchObject({ code: 'HOST_COMMAND' })
  symlinkSync('loop', at('loop'))
  await expect(heldDatabase(host, [at('loop')])).rejects.toMatchObject({ code: 'HOST_COMMAND' })
  expect(await heldDatabase(host, [at('nowhere'), at('nowhere/below')])).toBeUndefined()
})

it('tells a database that a process holds', async () => {
  const { spawn } = await import('node:child_process')
  const db = (name: string) => {
    mkdirSync(at(`${name}/member/snap`), { recursive: true })
    writeFileSync(at(`${name}/member/snap/db`), '')
    return at(`${name}/member/snap/db`)
  }
  db('free')
  db('free-data/token')
  const holder = spawn('flock', [db('data/token'), 'sh', '-c', 'echo held; exec sleep 30'])
  try {
    await new Promise((resolve) => holder.stdout.once('data', resolve))
    const held = at('data/token/member/snap/db')
    expect(await heldDatabase(host, [at('free'), at('gone'), at('data')])).toBe(held)
    expect(await heldDatabase(host, [at('data/token')])).toBe(held)
    expect(await heldDatabase(host, [at('free'), at('free-data')])).toBeUndefined()
  } finally {
    holder.kill()
  }
})
