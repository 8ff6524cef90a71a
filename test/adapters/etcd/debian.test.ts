import { chmod, mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { localEtcd } from '../../../src/adapters/etcd/local.ts'
import { etcdReleases, newestOfEach, noEtcd, scene } from '../../support/etcd.ts'

const releases = newestOfEach(await etcdReleases())
const wanted = releases.find(({ minor }) => minor === '3.5')
const other = releases.find(({ minor }) => minor !== '3.5')

let place: Awaited<ReturnType<typeof scene>>
const path = (name: string) => join(place.dir, name)
const savedPath = process.env.PATH
beforeEach(async () => {
  place = await scene()
  await mkdir(path('bin'))
  process.env.PATH = `${path('bin')}:/usr/bin:/bin`
})
afterEach(async () => {
  process.env.PATH = savedPath
  await place.clear()
})

describe('etcd out of the packages of Debian', () => {
  it('is not taken where the suite has moved on to another minor version: the next one is tried', async (context) => {
    if (!wanted || !other) return context.skip(noEtcd)
    await packagesOf({ forky: dirname(other.etcd), trixie: dirname(wanted.etcd) })
    const lines: string[] = []
    const found = await find(lines)
    expect(found).toMatchObject({ minor: '3.5', version: wanted.version, etcd: path(`cache/${wanted.version}/etcd`) })
    expect(await readdir(path('cache'))).toEqual([wanted.version])
    expect(lines).toContain(`not from Debian forky: it has etcd ${other.version}, and not 3.5`)
  })

  it('says of each suite why it is not taken', async (context) => {
    if (!other) return context.skip(noEtcd)
    await packagesOf({ forky: dirname(other.etcd) })
    const why = [`forky: it has etcd ${other.version}, and not 3.5`, 'trixie: apt-get download: E: no such package']
    await expect(find()).rejects.toMatchObject({
      code: 'ETCD_MISSING',
      hint: new RegExp(`Debian packages: ${why.join('; ')}.* official archive: not allowed`),
    })
    expect(await readdir(path('cache'))).toEqual([])
  })
})

const find = (lines: string[] = []) =>
  localEtcd({ allowArchive: false, cacheDir: path('cache'), emit: (line) => lines.push(line) }).find('3.5')

/** An apt and a dpkg that deliver what a suite really has: the programs in these directories. */
async function packagesOf(suites: Record<string, string>): Promise<void> {
  await mkdir(path('suites'))
  for (const [suite, dir] of Object.entries(suites)) await symlink(dir, path(`suites/${suite}`))
  await program(
    'apt-get',
    `case "$*" in
indextargets*) echo "http://mirror.invalid/debian Debian sources" ;;
*download*) for a do :; done; s=\${a#*/}; [ -d "${path('suites')}/$s" ] || { echo "E: no such package" >&2; exit 100; }
  echo "$s" >package.deb ;;
esac`,
  )
  await program('dpkg', `read -r s <"$2"; mkdir -p "$3" && cp -sL "${path('suites')}/$s"/etcd* "$3/"`)
}

async function program(name: string, text: string): Promise<void> {
  await writeFile(path(`bin/${name}`), `#!/bin/sh\n${text}\n`)
  await chmod(path(`bin/${name}`), 0o755)
}
