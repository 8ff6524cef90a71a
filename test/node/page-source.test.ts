import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { appendFile, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { memoryHost } from '../../src/adapters/memory/host.ts'
import { openRemoteFile, remoteFileSource } from '../../src/node/page-source.ts'
import type { RemoteHost } from '../../src/ports/remote-host.ts'
import { open } from '../adapters/ssh/open.ts'
import { describeOn } from '../support/skip.ts'
import { sshdMissing, startSshd } from '../support/sshd.ts'

let dir = ''
const content = randomBytes(300_001)

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "rescue 'test $x-"))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

/** A node whose commands really run, on this machine. */
function shellHost() {
  return memoryHost({
    script: ([program = '', ...args]) => {
      const { status, stdout, stderr } = spawnSync(program, args, { maxBuffer: 1 << 26 })
      return { code: status ?? 1, stdout, stderr: stderr.toString() }
    },
  })
}

async function file(name: string): Promise<string> {
  const path = join(dir, name)
  await writeFile(path, content)
  return path
}

async function readsAnywhere(host: RemoteHost, path: string): Promise<void> {
  const source = await openRemoteFile(host, path)
  expect(source.size).toBe(content.length)
  const places = [
    [0, 1],
    [0, 300_001],
    [511, 2],
    [512, 512],
    [4096, 16_384],
    [299_999, 2],
    [1000, 0],
  ] as const
  const pieces = await Promise.all(places.map(([offset, length]) => source.read(offset, length)))
  for (const [index, [offset, length]] of places.entries()) {
    expect(pieces[index]?.equals(content.subarray(offset, offset + length))).toBe(true)
  }
}

describe('a file on a node', () => {
  it('is read anywhere, one command for all reads of a turn', async () => {
    const host = shellHost()
    await readsAnywhere(host, await file('anywhere'))
    expect(host.calls).toHaveLength(2)
    expect(host.calls.every(({ effect }) => effect === 'read')).toBe(true)
  })

  it('is read in several commands when much is asked for', async () => {
    const host = shellHost()
    const source = remoteFileSource(host, await file('much'), content.length)
    const pieces = await Promise.all(Array.from({ length: 700 }, (_, index) => source.read(index * 400, 400)))
    expect(Buffer.concat(pieces).equals(content.subarray(0, 280_000))).toBe(true)
    expect(host.calls).toHaveLength(3)
  })

  it('is read with others of the same node in one command, and does not fail with them', async () => {
    const host = shellHost()
    const [one, other, gone] = [await file('one'), await file('other'), join(dir, 'gone')]
    const [a, b, c] = [one, other, gone].map((path) => remoteFileSource(host, path, content.length))
    const both = await Promise.all([a?.read(600, 5), b?.read(299_000, 1001), a?.read(0, 2), b?.read(7, 3)])
    const wanted = [
      content.subarray(600, 605),
      content.subarray(299_000),
      content.subarray(0, 2),
      content.subarray(7, 10),
    ]
    expect(both.map((piece, at) => piece?.equals(wanted[at] ?? Buffer.alloc(0)))).toEqual([true, true, true, true])
    expect(host.calls).toHaveLength(1)
    const mixed = await Promise.allSettled([a?.read(0, 2), c?.read(0, 2), b?.read(0, 2)])
    expect(mixed.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(mixed[1]).toMatchObject({ reason: { code: 'HOST_COMMAND', message: expect.stringMatching(/gone/) } })
  })

  it('may grow, and says so when it is shorter or gone', async () => {
    const path = await file('changing')
    const source = remoteFileSource(shellHost(), path, content.length)
    await appendFile(path, 'more')
    const [last, first] = await Promise.all([source.read(299_000, 1001), source.read(0, 10)])
    expect(last.equals(content.subarray(299_000))).toBe(true)
    expect(first.equals(content.subarray(0, 10))).toBe(true)
    await truncate(path, 1000)
    await expect(source.read(900, 200)).rejects.toMatchObject({ code: 'COPY_CHANGED' })
    await expect(source.read(300_000, 2)).rejects.toMatchObject({ code: 'COPY_CHANGED' })
    await rm(path)
    await expect(source.read(0, 2)).rejects.toMatchObject({ code: 'HOST_COMMAND' })
    await expect(openRemoteFile(shellHost(), path)).rejects.toMatchObject({ code: 'HOST_COMMAND' })
  })

  it('refuses more output than asked for', async () => {
    const host = memoryHost({ script: () => ({ stdout: Buffer.alloc(5000) }) })
    await expect(remoteFileSource(host, '/db', 10_000).read(0, 100)).rejects.toMatchObject({ code: 'HOST_OUTPUT' })
  })

  it('is asked for again when the connection broke', async () => {
    let tries = 0
    const host = memoryHost({
      script: () => {
        tries++
        if (tries === 1) setTimeout(() => host.breakConnection(), 20)
        return tries === 1 ? { hangs: true } : { stdout: Buffer.alloc(512, 7) }
      },
    })
    expect((await remoteFileSource(host, '/db', 512).read(0, 512)).every((byte) => byte === 7)).toBe(true)
    expect(tries).toBe(2)
  })
})

describeOn(sshdMissing, 'a file behind a real sshd', () => {
  it('is read anywhere', async () => {
    const sshd = await startSshd()
    const host = open(sshd)
    try {
      await readsAnywhere(host, await file('behind'))
    } finally {
      await host.close()
      await sshd.stop()
    }
  })
})
