import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { memoryHost } from '../../src/adapters/memory/host.ts'
import { RescueError } from '../../src/errors/rescue-error.ts'
import { readFile, readFilesIn } from '../../src/node/files.ts'
import { find, search } from '../../src/node/find.ts'
import { readTroubles } from '../../src/node/find-errors.ts'
import { findVolumes, listDataDirs } from '../../src/node/volumes.ts'
import type { RemoteHost } from '../../src/ports/remote-host.ts'
import { localHost } from './fake.ts'

let root: string
const at = (path: string) => join(root, path)
const host = () => localHost(undefined, root)
const volumes = (on: RemoteHost = host(), globs = ['/mnt/*', '/mnt/disks/*/mnt']) => findVolumes(on, globs)

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'rescue-search-'))
  chmodSync(root, 0o755)
  mkdirSync(at('mnt/vol-1/data-trashcan/token/member/snap'), { recursive: true })
  writeFileSync(at('mnt/vol-1/data-trashcan/token/member/snap/db'), 'db')
  mkdirSync(at('mnt/vol-2/data'), { recursive: true })
})
afterEach(() => {
  spawnSync('chmod', ['-R', 'u+rwx', root])
  rmSync(root, { recursive: true, force: true })
})

/** This machine as it is to somebody for whom something is closed: to root nothing is. */
function asNobody(): RemoteHost {
  const before = userInfo().uid === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : []
  return localHost(([...argv], input) => {
    const [program = '', ...args] = [...before, ...argv]
    const { status, stdout, stderr } = spawnSync(program, args, { input })
    return { code: status ?? 127, stdout, stderr: String(stderr) }
  }, root)
}

/** This machine with another program first on its PATH. */
function withProgram(name: string, script: string): RemoteHost {
  const bin = at('bin')
  mkdirSync(bin)
  writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  return localHost(([program = '', ...args], input) => {
    const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` }
    const { status, stdout, stderr } = spawnSync(program, args, { input, env })
    return { code: status ?? 127, stdout, stderr: String(stderr) }
  }, root)
}

/** This machine with a mount whose server is gone: a find that comes to it never ends. */
function withHanging(path: string): RemoteHost {
  return localHost((argv) => {
    const isFind = argv[2]?.includes('find -L')
    const starts = argv.slice(4, argv.indexOf('-mindepth'))
    if (!isFind || !starts.some((start) => `${path}/`.startsWith(`${start}/`))) return undefined
    throw new RescueError('HOST_COMMAND', 'node a: find did not end within 15s', { hint: 'look there' })
  }, root)
}

describe('the volumes of a node', () => {
  test('beside a mount that hangs: it alone is not searched', async () => {
    const odd = "a b\n*'$(x)"
    for (const name of ['nfs', odd, '.hidden']) mkdirSync(at(`mnt/${name}/data`), { recursive: true })
    const { found, unsearched } = await volumes(withHanging(at('mnt/nfs')))
    expect(found).toEqual([at('mnt/.hidden'), at(`mnt/${odd}`), at('mnt/vol-1'), at('mnt/vol-2')])
    expect(unsearched).toEqual([{ path: at('mnt/nfs'), why: expect.stringMatching(/did not end within/) }])
  })

  test('a mount that hangs and that no glob names is not asked', async () => {
    mkdirSync(at('mnt/nfs'))
    const seen = await volumes(withHanging(at('mnt/nfs')), ['/mnt/vol-[0-9]'])
    expect(seen).toEqual({ found: [at('mnt/vol-1'), at('mnt/vol-2')], unsearched: [] })
  })

  test('where the start itself hangs, it is what was not searched', async () => {
    const dead = memoryHost({
      script: () => {
        throw new RescueError('HOST_COMMAND', 'did not end within 15s', { hint: 'look there' })
      },
    })
    expect(await volumes(dead, ['/mnt/*'])).toEqual({
      found: [],
      unsearched: [{ path: '/mnt', why: 'did not end within 15s' }],
    })
  })

  test('are all seen where a starting point is missing, as /mnt/disks is on most nodes', async () => {
    expect(await volumes()).toEqual({ found: [at('mnt/vol-1'), at('mnt/vol-2')], unsearched: [] })
  })

  test('beside a link that leads to itself, which is named', async () => {
    symlinkSync('loop', at('mnt/loop'))
    expect(await volumes()).toEqual({
      found: [at('mnt/vol-1'), at('mnt/vol-2')],
      unsearched: [{ path: at('mnt/loop'), why: 'Too many levels of symbolic links' }],
    })
  })

  test('beside a directory that leads back to where it lies', async () => {
    mkdirSync(at('mnt/vol-3'))
    symlinkSync('..', at('mnt/vol-3/data'))
    const { found, unsearched } = await volumes()
    expect(found).toEqual([at('mnt/vol-1'), at('mnt/vol-2')])
    expect(unsearched).toEqual([{ path: at('mnt/vol-3/data'), why: expect.stringMatching(/same file system loop/) }])
  })

  test('beside one that may not be looked into', async () => {
    chmodSync(at('mnt/vol-2'), 0o700)
    const { found, unsearched } = await volumes(asNobody())
    expect(found).toEqual([at('mnt/vol-1')])
    expect(unsearched).toEqual([{ path: at('mnt/vol-2'), why: 'Permission denied' }])
  })

  test('a trashcan on a disk that is not mounted is not one that is empty', async () => {
    symlinkSync('/nowhere/trash', at('mnt/vol-2/data-trashcan'))
    const { found, unsearched } = await volumes()
    expect(found).toEqual([at('mnt/vol-1'), at('mnt/vol-2')])
    expect(unsearched).toEqual([{ path: at('mnt/vol-2/data-trashcan'), why: expect.stringMatching(/leads nowhere/) }])
  })

  test('one that was named without a star and is not there: its disk may not be mounted', async () => {
    expect(await volumes(host(), ['/mnt/vol-9'])).toEqual({
      found: [],
      unsearched: [{ path: at('mnt/vol-9'), why: expect.stringMatching(/not there.*mounted/) }],
    })
    // the volumes of all nodes may stand in one list
    expect(await volumes(host(), ['/mnt/vol-9', '/mnt/vol-1'])).toEqual({ found: [at('mnt/vol-1')], unsearched: [] })
  })

  test.each([
    ['knows no -printf, as of busybox', 'echo "find: unrecognized: -printf" >&2; exit 1', /unrecognized: -printf/],
    ['breaks off', 'kill -9 $$', /exit code 137/],
    ['fails and does not say why', 'exit 1', /exit code 1$/],
    [
      'was replaced by something that talks',
      'echo "cannot be preloaded" >&2; exit 1',
      /exit code 1: cannot be preloaded/,
    ],
  ])('a find that %s has searched nothing', async (_, script, why) => {
    const { found, unsearched } = await volumes(withProgram('find', script), ['/mnt/*'])
    expect(found).toEqual([])
    expect(unsearched).toEqual([{ why: expect.stringMatching(why) }])
  })

  test('what others write beside find is no trouble of its own', async () => {
    const noise = 'echo "ERROR: ld.so: object x.so cannot be preloaded: ignored." >&2; exec /usr/bin/find "$@"'
    expect((await volumes(withProgram('find', noise))).unsearched).toEqual([])
  })
})

describe('the directories of a volume', () => {
  test('a trashcan that may not be read is not searched, and data is', async () => {
    mkdirSync(at('mnt/vol-1/data/other/member/snap'), { recursive: true })
    chmodSync(at('mnt/vol-1/data-trashcan'), 0o700)
    const { found, unsearched } = await listDataDirs(asNobody(), at('mnt/vol-1'))
    expect(found.map(({ token }) => token)).toEqual(['other'])
    expect(unsearched).toEqual([{ path: at('mnt/vol-1/data-trashcan'), why: 'Permission denied' }])
  })

  test('one that goes away while find looks is looked for again, where it was moved to', async () => {
    let looks = 0
    const moving = memoryHost({
      script: () => {
        looks += 1
        const line = (path: string, type: string) => `${type}\t1\t1\t1\t8:1\t/v/${path}\0`
        const there = ['', '/member'].map((part) => line(`data-trashcan/old${part}`, 'd')).join('')
        return looks === 1
          ? { stdout: "\x001\0find: '/v/data/old': No such file or directory\0" }
          : { stdout: `${there}\x000\0\0` }
      },
    })
    const { found, unsearched } = await listDataDirs(moving, '/v')
    expect(found.map(({ place, token }) => [place, token])).toEqual([['trashcan', 'old']])
    expect(unsearched).toEqual([])
  })

  test('files that come and go while an etcd runs are no trouble', async () => {
    const gone = "find: '/v/data/t/member/wal/0.tmp': No such file or directory"
    const busy = memoryHost({ script: () => ({ stdout: `\x001\0${gone}\0` }) })
    expect(await listDataDirs(busy, '/v')).toEqual({ found: [], unsearched: [] })
    expect(busy.calls).toHaveLength(1)
  })
})

describe('find', () => {
  test('where all must be seen, what is not is an error that names it', async () => {
    symlinkSync('loop', at('mnt/loop'))
    await expect(find(host(), [at('mnt')], ['-maxdepth', '1'])).rejects.toMatchObject({
      code: 'HOST_COMMAND',
      message: expect.stringContaining(at('mnt/loop')),
    })
  })

  test('half an answer is none', async () => {
    const half = memoryHost({ script: () => ({ stdout: 'd\t1\t1\t1\t8:1\t/mnt/vol-1\0' }) })
    await expect(search(half, ['/mnt'], [])).rejects.toMatchObject({ code: 'HOST_OUTPUT' })
  })

  test.each([
    ["find: '/mnt/x': Input/output error", { path: '/mnt/x', why: 'Input/output error' }],
    ["find: '/mnt/x': Stale file handle", { path: '/mnt/x', why: 'Stale file handle' }],
    [
      'find: ‘/mnt/x y’: Transport endpoint is not connected',
      { path: '/mnt/x y', why: 'Transport endpoint is not connected' },
    ],
    ['find: /mnt/x: Permission denied', { path: '/mnt/x', why: 'Permission denied' }],
    [
      '/usr/bin/find: failed to restore initial working directory',
      { why: 'failed to restore initial working directory' },
    ],
  ])('says where it got no further: %s', (line, expected) => {
    expect(readTroubles(1, `${line}\n`)).toEqual({ gone: [], unsearched: [expected] })
    expect(readTroubles(0, `${line}\n`)).toEqual({ gone: [], unsearched: [] })
  })
})

describe('a small file', () => {
  test('that may not be looked at, leads in a circle or nowhere is not one that is missing', async () => {
    symlinkSync('circle', at('circle'))
    symlinkSync('/nowhere', at('nowhere'))
    mkdirSync(at('closed'))
    writeFileSync(at('closed/state'), 'x')
    chmodSync(at('closed'), 0o700)
    expect(await readFile(host(), at('none/state'), 10)).toBeUndefined()
    expect(await readFile(host(), at('mnt/vol-1/data-trashcan/token/member/snap/db/state'), 10)).toBeUndefined()
    for (const [on, path] of [
      [host(), 'circle'],
      [host(), 'nowhere'],
      [asNobody(), 'closed/state'],
    ] as const)
      await expect(readFile(on, at(path), 10)).rejects.toMatchObject({ code: 'HOST_COMMAND' })
  })

  test('in a directory that may not be looked into is not one that is missing', async () => {
    symlinkSync('circle', at('circle'))
    mkdirSync(at('closed/manifests'), { recursive: true })
    writeFileSync(at('closed/manifests/x'), 'x')
    chmodSync(at('closed'), 0o700)
    expect(await readFilesIn(host(), [at('none')], 10)).toEqual([])
    await expect(readFilesIn(host(), [at('circle')], 10)).rejects.toMatchObject({ code: 'HOST_COMMAND' })
    await expect(readFilesIn(asNobody(), [at('closed/manifests')], 10)).rejects.toMatchObject({ code: 'HOST_COMMAND' })
  })

  test('of several, one that cannot be looked at is not passed over; a directory, and a link that leads nowhere, are', async () => {
    mkdirSync(at('manifests/below'), { recursive: true })
    writeFileSync(at('manifests/a'), 'a')
    writeFileSync(at('manifests/large'), 'x'.repeat(20))
    symlinkSync('/nowhere/at/all', at('manifests/dangling'))
    const names = async () => (await readFilesIn(host(), [at('manifests')], 10)).map(({ path }) => path)
    expect(await names()).toEqual([at('manifests/a')])
    symlinkSync('loop', at('manifests/loop'))
    await expect(names()).rejects.toMatchObject({ code: 'HOST_COMMAND' })
  })
})
