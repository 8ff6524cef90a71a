import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { lastUsedBy, mountedBy } from '../../src/node/manager-volume.ts'
import { taggedVolume } from '../../src/node/tagged-volume.ts'
import { tempDir } from '../steps/support/temp.ts'
import { mountSpace, mountsMissing } from '../support/mount-space.ts'
import { describeOn } from '../support/skip.ts'
import { localHost } from './fake.ts'

let root: string
const at = (...parts: string[]) => join(root, ...parts)
beforeEach(async () => {
  root = await tempDir()
  mkdirSync(at('var/log'), { recursive: true })
})

describe('what etcd-manager has mounted', () => {
  const host = localHost()

  it('of directories on the root disk it tells nothing, and says so', async () => {
    mkdirSync(at('v'))
    const isOnRoot = statSync('/').dev === statSync(at('v')).dev
    const seen = await mountedBy(host, process.pid, [at('v'), '/proc'])
    expect(seen).toEqual({ is: 'seen', value: { mounted: expect.anything(), untold: isOnRoot ? [at('v')] : [] } })
    expect(seen).toMatchObject({ value: { mounted: expect.arrayContaining(['/proc']) } })
  })

  it('of a process that is gone, or a directory that is, nothing is known', async () => {
    expect(await mountedBy(host, 2 ** 22 + 1, [at('var')])).toMatchObject({ is: 'unseen' })
    expect(await mountedBy(host, process.pid, [at('none')])).toMatchObject({ is: 'unseen' })
  })
})

describeOn(mountsMissing, 'of two disks on a node', () => {
  it('the one that the process has mounted, and not one that was attached after it began', async () => {
    const node = await mountSpace()
    node.run('sh', '-ec', 'mkdir "$1/real" "$1/snap"; mount -t tmpfs none "$1/real"', 'sh', root)
    const manager = node.run('sh', '-ec', 'unshare --mount --propagation private sleep 60 >/dev/null 2>&1 & echo $!')
    // a process that has begun has its own mounts: until then it is the shell that was asked to make them
    for (let tries = 0; node.run('readlink', `/proc/${manager}/exe`).endsWith('/sleep') === false; tries++)
      if (tries > 1000) throw new Error('it does not begin')
    node.run('sh', '-ec', 'mount -t tmpfs none "$1/snap"', 'sh', root)
    const bases = [at('snap'), at('real'), at('var')]
    const seen = await mountedBy(localHost(node.script), Number(manager), bases)
    expect(seen).toEqual({ is: 'seen', value: { mounted: [at('real')], untold: [at('var')] } })
    process.kill(Number(manager))
  })
})

describe('what etcd-manager says in its log', () => {
  const log = (...lines: string[]) => writeFileSync(at('var/log/etcd.log'), lines.map((line) => `${line}\n`).join(''))
  const told = () => lastUsedBy(localHost(), at('var/log/etcd.log'))
  const started = 'I1130 etcdserver.go:634] starting etcd with datadir /rootfs/mnt/old/data/t'

  it('the volume that it mounted last, or last started an etcd on', async () => {
    log(started, 'I1130 main.go:300] Setting data dir to /rootfs/mnt/new', 'I1130 other')
    expect(await told()).toEqual({ is: 'seen', value: '/mnt/new' })
    log('I1130 main.go:300] Setting data dir to /rootfs/mnt/new', started)
    expect(await told()).toEqual({ is: 'seen', value: '/mnt/old' })
  })

  it('not where it reads a backup: the line before holds', async () => {
    const reads = [
      'I1130 etcdprocess.go:150] started etcd with datadir /tmp/restore-etcd-1/data; pid=7',
      'I1130 etcdprocess.go:150] killing etcd with datadir /tmp/restore-etcd-1/data/t',
    ]
    log(started, ...reads, 'I1130 etcd with datadir /of/nothing')
    expect(await told()).toEqual({ is: 'seen', value: '/mnt/old' })
    log(...reads)
    expect(await told()).toEqual({ is: 'absent' })
  })

  it('nothing, where there is no log or no such word', async () => {
    expect(await told()).toEqual({ is: 'absent' })
    log('I1130 other')
    expect(await told()).toEqual({ is: 'absent' })
  })
})

describe("the manifest's --volume-tag", () => {
  const query = { container: 'etcd-manager', podPrefix: 'etcd-manager-main' }
  const manifest = (container: object, dir = 'manifests') => {
    mkdirSync(at('etc/kubernetes', dir), { recursive: true })
    const spec = { containers: [{ name: 'etcd-manager', ...container }] }
    const pod = { kind: 'Pod', metadata: { name: 'etcd-manager-main' }, spec }
    writeFileSync(at('etc/kubernetes', dir, 'main.json'), JSON.stringify(pod))
  }
  const disk = (name: string) => at('mnt/disks', name, 'mnt')
  const tagged = (...bases: string[]) => taggedVolume(localHost(undefined, root), query, bases)
  const metal = ['--volume-provider=external', '--volume-tag=x.example.com--main--']
  const basesNow = () => [
    disk('x.example.com--events--0'),
    disk('x.example.com--main--0'),
    at('mnt/snap'),
    disk('copy'),
  ]

  it('names the directory on bare metal, as an argument or in a shell line', async () => {
    manifest({ command: ['/etcd-manager', ...metal] })
    expect(await tagged(...basesNow())).toBe(disk('x.example.com--main--0'))
    manifest({ command: ['/bin/sh', '-c', `exec /etcd-manager ${metal.join(' ')} > /tmp/pipe`] })
    expect(await tagged(...basesNow())).toBe(disk('x.example.com--main--0'))
  })

  it('tells nothing of two that begin so, where manifests differ, or of tags that only a cloud knows', async () => {
    manifest({ args: metal })
    expect(await tagged(...basesNow(), disk('x.example.com--main--1'))).toBeUndefined()
    manifest({ args: ['--volume-provider=external', '--volume-tag=x.example.com--events--'] }, 'etcd-rescue')
    expect(await tagged(...basesNow())).toBeUndefined()
    manifest({ args: metal }, 'etcd-rescue')
    expect(await tagged(...basesNow())).toBe(disk('x.example.com--main--0'))
    for (const dir of ['manifests', 'etcd-rescue'])
      manifest({ args: ['--volume-provider=aws', '--volume-tag=x.example.com--main--'] }, dir)
    expect(await tagged(...basesNow())).toBeUndefined()
  })
})
