import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, copyFile, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { installFromArchive } from '../../../src/adapters/etcd/archive.ts'
import { intoCache, withWorkDir } from '../../../src/adapters/etcd/install.ts'
import { localEtcd } from '../../../src/adapters/etcd/local.ts'
import type { EtcdRelease } from '../../../src/ports/etcd.ts'
import { etcdReleases, noEtcd, scene } from '../../support/etcd.ts'

const release = (await etcdReleases()).at(-1)
const offline = { allowApt: false, allowArchive: false }

let place: Awaited<ReturnType<typeof scene>>
const path = (name: string) => join(place.dir, name)
const savedPath = process.env.PATH
beforeEach(async () => {
  place = await scene()
})
afterEach(async () => {
  process.env.PATH = savedPath
  await place.clear()
})

describe('finding etcd', () => {
  it('says all that it tried, and what was wrong with each', async () => {
    await mkdir(path('bin'))
    await program('bin/etcd', 'echo "etcd Version: 3.3.10"')
    await program('bin/etcdctl', 'echo "etcdctl version: 3.3.10"')
    const etcd = localEtcd({ ...offline, binDir: path('bin'), cacheDir: path('cache') })
    const failed = await etcd.find('3.5').catch((error: unknown) => error)
    expect(failed).toMatchObject({ code: 'ETCD_MISSING', message: /no etcd 3\.5/ })
    const { hint } = failed as { hint: string }
    expect(hint).toContain('bin has 3.3.10')
    for (const source of [
      '--etcd-bin-dir',
      'PATH:',
      'cache:',
      'Debian packages: not allowed',
      'official archive: not allowed',
    ])
      expect(hint).toContain(source)
  })

  it('names the directory that was given, also where nothing is in it', async () => {
    const etcd = localEtcd({ ...offline, binDir: path('none'), cacheDir: path('cache') })
    const hint = new RegExp(`--etcd-bin-dir or tools.etcdBinDir: ${path('none')} has no etcd with its etcdctl`)
    await expect(etcd.find('3.9')).rejects.toMatchObject({ code: 'ETCD_MISSING', hint })
  })

  it('downloads nothing where only what is here is asked for, and says from where it would', async () => {
    process.env.PATH = path('nothing')
    const etcd = localEtcd({ archiveBase: 'http://127.0.0.1:9', cacheDir: path('cache') })
    const hint = /Debian packages: not allowed by this run \| official archive: not allowed by this run/
    await expect(etcd.find('3.5', { isHere: true })).rejects.toMatchObject({ code: 'ETCD_MISSING', hint })
    expect(etcd.downloads?.('3.5')).toEqual([
      'etcd 3.5.30 from Debian forky',
      'etcd 3.5.16 from Debian trixie',
      'the official archive of etcd 3.5.21',
    ])
    expect(etcd.downloads?.('3.9')).toEqual([])
  })

  it('does not take programs that do not run or do not belong together', async () => {
    await mkdir(path('bin'))
    await program('bin/etcd', 'echo "etcd Version: 3.5.1"')
    await program('bin/etcdctl', 'exit 3')
    const etcd = localEtcd({ ...offline, binDir: path('bin'), cacheDir: path('cache') })
    await expect(etcd.find('3.5')).rejects.toMatchObject({ hint: /etcdctl is broken/ })
    await program('bin/etcdctl', 'echo "etcdctl version: 3.4.1"')
    await expect(etcd.find('3.5')).rejects.toMatchObject({ hint: /etcdctl is 3\.4\.1/ })
  })

  it('takes the newest patch of a directory with one directory per version', async () => {
    for (const version of ['3.5.9', '3.5.16', '3.6.1']) {
      await mkdir(path(`all/${version}`), { recursive: true })
      await program(`all/${version}/etcd`, `echo "etcd Version: ${version}"`)
      await program(`all/${version}/etcdctl`, `echo "etcdctl version: ${version}"`)
    }
    const etcd = localEtcd({ ...offline, binDir: path('all'), cacheDir: path('cache') })
    expect(await etcd.find('3.5')).toEqual({
      version: '3.5.16',
      minor: '3.5',
      etcd: path('all/3.5.16/etcd'),
      etcdctl: path('all/3.5.16/etcdctl'),
    })
  })

  it('finds it on PATH, before the cache', async (context) => {
    if (!release) return context.skip(noEtcd)
    await symlink(dirname(release.etcd), path('link'))
    process.env.PATH = `${path('link')}:${savedPath}`
    const etcd = localEtcd({ ...offline, cacheDir: dirname(dirname(release.etcd)) })
    expect((await etcd.find(release.minor)).etcd).toBe(path('link/etcd'))
  })
})

describe('etcd from an archive', () => {
  let server: Server
  let body: Buffer
  const base = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  beforeEach(async () => {
    server = createServer((request, answer) => {
      answer.statusCode = request.url?.endsWith('.tar.gz') ? 200 : 404
      answer.end(body)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterEach(() => server.close())

  it('is refused when its SHA-256 is not the pinned one, and leaves nothing', async () => {
    body = Buffer.from('an archive of someone else')
    const etcd = localEtcd({ allowApt: false, archiveBase: base(), cacheDir: path('cache') })
    process.env.PATH = path('nothing')
    await expect(etcd.find('3.4')).rejects.toMatchObject({ code: 'ETCD_MISSING', hint: /not the pinned one/ })
    expect(await readdir(path('cache'))).toEqual([])
  })

  it('goes into the cache when it is the pinned one, and is found there without a network', async (context) => {
    if (!release) return context.skip(noEtcd)
    body = await archiveOf(release)
    const sum = createHash('sha256').update(body).digest('hex')
    const pinned = { version: release.version, sha256: { [process.arch]: sum } }
    const options = { cacheDir: path('cache'), archiveBase: base(), pinned, emit: () => {} }
    const installed = await installFromArchive(release.minor, options)
    expect(installed).toMatchObject({ version: release.version, etcd: path(`cache/${release.version}/etcd`) })
    expect(await localEtcd({ ...offline, cacheDir: path('cache') }).find(release.minor)).toEqual(installed)
    expect(await readdir(path('cache'))).toEqual([release.version])
  }, 90_000)
})

describe('the cache', () => {
  it('takes only programs out of what was unpacked, and keeps what another process has put there', async (context) => {
    if (!release) return context.skip(noEtcd)
    await mkdir(path('unpacked/usr/bin'), { recursive: true })
    await mkdir(path('unpacked/etc/default'), { recursive: true })
    await writeFile(path('unpacked/etc/default/etcd'), 'ETCD_NAME=x')
    for (const file of [release.etcd, release.etcdctl])
      await copyFile(file, path(`unpacked/usr/bin/${file.split('/').at(-1)}`))
    const install = () => withWorkDir(path('cache'), (dir) => intoCache(path('unpacked'), path('cache'), dir))
    expect(await install()).toEqual(await install())
    expect(await readdir(path(`cache/${release.version}`))).toEqual(['etcd', 'etcdctl'])
  })
})

async function program(name: string, line: string): Promise<void> {
  await writeFile(path(name), `#!/bin/sh\n${line}\n`)
  await chmod(path(name), 0o755)
}

async function archiveOf({ etcd, version }: EtcdRelease): Promise<Buffer> {
  const top = `etcd-v${version}-linux-amd64`
  await symlink(dirname(etcd), path(top))
  execFileSync('tar', ['-I', 'gzip -1', '-chf', path('a.tar.gz'), '-C', place.dir, top])
  return readFile(path('a.tar.gz'))
}
