import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readFile, sha256On, statMember, streamFile } from '../../src/node/files.ts'
import { findVolumes, listDataDirs, readMyId, readStateToken } from '../../src/node/volumes.ts'
import { sizeOf } from '../contracts/remote-host.ts'
import { localHost, sha256sum } from './fake.ts'

// one in 64 tokens begins with '-' (FACTS 2); the other names are what an attacker would call a file
const TOKEN = '-AbCdEfGhIjKlMnOpQrStU'
const NEW_TOKEN = 'ZyXwVuTsRqPoNmLkJiHgFe'
let root: string
let base: string

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'rescue-node-'))
  base = join(root, 'mnt/master-vol-main')
  for (const token of [TOKEN, NEW_TOKEN]) {
    mkdirSync(join(base, 'data', token, 'member/snap'), { recursive: true })
    mkdirSync(join(base, 'data', token, 'member/wal'), { recursive: true })
    writeFileSync(join(base, 'data', token, 'member/snap/db'), token)
    writeFileSync(join(base, 'data', token, 'member/wal/0.wal'), 'wal')
  }
  writeFileSync(join(base, 'data', TOKEN, "member/wal/a\tb $(touch x) 'q'\n.wal"), 'odd')
  mkdirSync(join(base, 'data', 'no-member'))
  mkdirSync(join(base, 'data-trashcan'))
  writeFileSync(join(base, 'myid'), '22bzMbnjTWZcj4aWwYQrlA\n')
  // field 2 { field 5 token }, then field 3, as FACTS 5 has it
  const token = Buffer.concat([Buffer.from([0x2a, NEW_TOKEN.length]), Buffer.from(NEW_TOKEN)])
  writeFileSync(
    join(base, 'state'),
    Buffer.concat([Buffer.from([0x12, token.length]), token, Buffer.from('\x1a\x063.5.30')]),
  )
  mkdirSync(join(root, 'mnt/other/lost+found'), { recursive: true })
  mkdirSync(join(root, 'mnt/disks/v 1/mnt/state-of-things'), { recursive: true })
  mkdirSync(join(root, 'mnt/disks/v 2/mnt/data-trashcan'), { recursive: true })
  mkdirSync(join(root, 'elsewhere/data'), { recursive: true })
  symlinkSync(join(root, 'elsewhere'), join(root, 'mnt/linked'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

describe('findVolumes', () => {
  test('finds base directories by what they hold, below the root of the node, links followed', async () => {
    const host = localHost(undefined, root)
    const whole = (found: string[]) => ({ found, unsearched: [] })
    expect(await findVolumes(host, ['/mnt/*'])).toEqual(whole([join(root, 'mnt/linked'), base]))
    expect(await findVolumes(host, ['/mnt/disks/*/mnt'])).toEqual(whole([join(root, 'mnt/disks/v 2/mnt')]))
    expect(await findVolumes(host, ['/mnt/master-vol-main/', '/mnt/m?ster-*'])).toEqual(whole([base]))
  })

  test('a glob without a match, or below nothing, is no error', async () => {
    const host = localHost(undefined, root)
    const nothing = { found: [], unsearched: [] }
    expect(await findVolumes(host, ['/nowhere/*', '/mnt/x*', '/mnt/$(touch y)/*'])).toEqual(nothing)
  })

  test('a volume that is named has the whole time, one of many a part of it', async () => {
    const host = localHost(undefined, root)
    await findVolumes(host, ['/mnt/master-vol-main'])
    await findVolumes(host, ['/mnt/*'])
    expect(host.calls.map(({ timeoutMs }) => timeoutMs)).toEqual([60_000, 15_000])
  })

  test('only looks', async () => {
    const host = localHost(undefined, root)
    await findVolumes(host, ['/mnt/*'])
    expect(host.calls.every(({ effect }) => effect === 'read')).toBe(true)
  })
})

describe('data directories', () => {
  test('every token with a member, also one that begins with a dash, with its files', async () => {
    const { found: dirs, unsearched } = await listDataDirs(localHost(), base)
    expect(unsearched).toEqual([])
    expect(dirs.map(({ place, token }) => [place, token])).toEqual([
      ['data', TOKEN],
      ['data', NEW_TOKEN],
    ])
    expect(dirs[0]?.files.map(({ path, bytes }) => [path, bytes])).toEqual([
      ['member/snap/db', 22],
      ['member/wal/0.wal', 3],
      ["member/wal/a\tb $(touch x) 'q'\n.wal", 3],
    ])
  })

  test.each(['snap/db', 'wal', 'wal/0000000000000001-0000000000000100.wal'])(
    'a link at member/%s that leads nowhere is not searched, and not a member without it',
    async (part) => {
      const own = join(root, `links-${part.replaceAll('/', '-')}`)
      const member = join(own, 'data-trashcan', TOKEN, 'member')
      for (const dir of part === 'wal' ? ['snap'] : ['snap', 'wal']) mkdirSync(join(member, dir), { recursive: true })
      symlinkSync('/nowhere/of/another/disk', join(member, part))
      expect((await listDataDirs(localHost(), own)).unsearched).toEqual([
        { path: join(member, part), why: 'it is a link that leads nowhere now' },
      ])
    },
  )

  test('the time of one in the trashcan is when it was thrown there', async () => {
    const before = Date.now()
    await sleep(20)
    renameSync(join(base, 'data', NEW_TOKEN), join(base, 'data-trashcan', NEW_TOKEN))
    const trashed = (await listDataDirs(localHost(), base)).found.find(({ place }) => place === 'trashcan')
    renameSync(join(base, 'data-trashcan', NEW_TOKEN), join(base, 'data', NEW_TOKEN))
    expect(trashed?.token).toBe(NEW_TOKEN)
    expect(trashed?.changedAt.getTime()).toBeGreaterThan(before)
    expect(trashed?.files).toHaveLength(2)
  })

  test('myid and the token of state; undefined where there is none', async () => {
    const host = localHost()
    expect(await readMyId(host, base)).toBe('22bzMbnjTWZcj4aWwYQrlA')
    expect(await readStateToken(host, base)).toBe(NEW_TOKEN)
    expect(await readMyId(host, root)).toBeUndefined()
    expect(await readStateToken(host, root)).toBeUndefined()
    writeFileSync(join(root, 'state'), Buffer.from([0x12, 0xff, 0xff, 0xff, 0xff, 0x0f]))
    expect(await readStateToken(host, root)).toBeUndefined()
  })
})

describe('files', () => {
  test('are read byte for byte, bounded, and regular ones only', async () => {
    const bytes = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 256))
    writeFileSync(join(root, 'binary'), bytes)
    execFileSync('mkfifo', [join(root, 'fifo')])
    const host = localHost()
    expect(await readFile(host, join(root, 'binary'), 1000)).toEqual(bytes)
    await expect(readFile(host, join(root, 'binary'), 999)).rejects.toMatchObject({ code: 'HOST_OUTPUT' })
    await expect(readFile(host, join(root, 'fifo'), 10)).rejects.toMatchObject({ code: 'HOST_OUTPUT' })
    await expect(readFile(host, '-relative', 10)).rejects.toMatchObject({ code: 'HOST_OUTPUT' })
  })

  test('of a member: listed, digested and streamed from an offset', async () => {
    const host = localHost()
    const dir = join(base, 'data', TOKEN)
    const files = await statMember(host, dir)
    const paths = files.map(({ path }) => join(dir, path))
    const digests = await sha256On(host, paths)
    expect(paths.map((path) => digests.get(path)).slice(0, 2)).toEqual(paths.slice(0, 2).map(sha256sum))
    expect(digests.size).toBe(3)
    expect(await sizeOf((await streamFile(host, paths[0] ?? '')).stdout)).toBe(22)
    expect(await sizeOf((await streamFile(host, paths[0] ?? '', { start: 20 })).stdout)).toBe(2)
    await expect(statMember(host, root)).rejects.toMatchObject({ code: 'COPY_NOT_FOUND' })
  })
})
