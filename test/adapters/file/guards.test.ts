import { execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { withKeyLock } from '../../../src/adapters/file/lock.ts'
import { fileStore } from '../../../src/adapters/file/store.ts'
import { systemClock } from '../../../src/ports/clock.ts'
import { expectCode } from '../../contracts/object-store/support.ts'

describe('a store in a directory', () => {
  let top: string
  let root: string
  beforeEach(async () => {
    top = await mkdtemp(join(tmpdir(), 'er-file-guards-'))
    root = join(top, 'store')
    await mkdir(root)
  })
  afterEach(() => rm(top, { recursive: true, force: true }))
  const store = () => fileStore(`file://${root}`)

  it('says when the folder is not there, and makes none', async () => {
    const missing = fileStore(`file://${top}/missing`)
    for (const call of [() => missing.list(''), () => missing.head('a'), () => missing.write('a', Buffer.from('x'))]) {
      await expectCode(call(), 'STORE_MISSING')
    }
    expect(await readdir(top)).toEqual(['store'])
  })

  it('makes files 0600 and folders 0700', async () => {
    await store().write('a/b', Buffer.from('x'))
    expect((await stat(join(root, 'a'))).mode & 0o777).toBe(0o700)
    expect((await stat(join(root, 'a/b'))).mode & 0o777).toBe(0o600)
  })

  it('neither follows nor lists symbolic links', async () => {
    await writeFile(join(top, 'secret'), 'secret')
    await symlink(join(top, 'secret'), join(root, 'link'))
    await symlink(top, join(root, 'folder'))
    for (const key of ['link', 'folder/secret']) {
      await expectCode(store().read(key), 'STORE_FAILED')
      await expectCode(store().write(key, Buffer.from('x')), 'STORE_FAILED')
      await expectCode(store().remove(key), 'STORE_FAILED')
    }
    expect(await store().list('')).toEqual([])
    expect(await store().listFolders('')).toEqual([])
    expect((await readdir(top)).sort()).toEqual(['secret', 'store'])
  })

  it('does not hang on a pipe', async () => {
    execFileSync('mkfifo', [join(root, 'pipe')])
    await expectCode(store().read('pipe'), 'OBJECT_MISSING')
    expect(await store().list('')).toEqual([])
  })

  it('sees what another program wrote in place', async () => {
    const { version } = await store().write('a', Buffer.from('one'))
    const { mtime } = await stat(join(root, 'a'))
    await writeFile(join(root, 'a'), 'two')
    await utimes(join(root, 'a'), mtime, mtime)
    await expectCode(store().write('a', Buffer.from('three'), { ifVersion: version }), 'STORE_CONFLICT')
  })

  it('breaks the lock of a writer that was killed, and no other', async () => {
    await withKeyLock(root, 'a', systemClock, async () => {
      const [lock] = await readdir(root)
      const old = new Date(Date.now() - 60_000)
      await utimes(join(root, lock ?? ''), old, old)
      await store().write('a', Buffer.from('x'), { ifAbsent: true })
    })
    let held = true
    const holder = withKeyLock(root, 'a', systemClock, async () => {
      await systemClock.sleep(300)
      held = false
    })
    await systemClock.sleep(50)
    await store().write('a', Buffer.from('y'))
    expect(held).toBe(false)
    await holder
    expect(await readdir(root)).toEqual(['a'])
  })

  it('names the way out of missing rights', async ({ skip }) => {
    if (process.getuid?.() === 0) skip('root may write everywhere, so this runs only as another user')
    await chmod(root, 0o500)
    await expectCode(store().write('a', Buffer.from('x')), 'STORE_AUTH')
    await chmod(root, 0o700)
  })

  it('leaves nothing on a full disk', async ({ skip }) => {
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', root], { stdio: 'ignore' })
    } catch {
      skip('a small file system can be mounted only as root')
    }
    try {
      await store().write('small', Buffer.from('x'))
      const large = () => Readable.from(Array.from({ length: 40 }, () => Buffer.alloc(1 << 16)))
      await expectCode(store().upload('large', large()), 'DISK_FULL')
      await expectCode(store().write('large', Buffer.alloc(2 << 20)), 'DISK_FULL')
      expect(await readdir(root)).toEqual(['small'])
    } finally {
      execFileSync('umount', [root])
    }
  })
})
