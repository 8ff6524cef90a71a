import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { findManifests, putManifestsBack, setManifestsAside } from '../../src/node/manifests.ts'
import { tempDir } from '../steps/support/temp.ts'
import { localHost } from './fake.ts'

const manifest = (name: string, container: string) => `apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: kube-system }
spec: { containers: [ { name: ${container} } ] }
`
const main = { container: 'etcd-manager', podPrefix: 'etcd-manager-main' }

async function scene(files: Record<string, string>) {
  const root = await tempDir()
  const dir = join(root, 'etc/kubernetes/manifests')
  mkdirSync(dir, { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text)
  return { host: localHost(undefined, root), dir, aside: join(root, 'etc/kubernetes/etcd-rescue') }
}

const files = {
  'etcd-main.manifest': manifest('etcd-manager-main', 'etcd-manager'),
  'etcd-events.manifest': manifest('etcd-manager-events', 'etcd-manager'),
  'decoy.manifest': manifest('etcd-manager-mainframe', 'etcd-manager'),
  '.etcd-main.swp': manifest('etcd-manager-main', 'etcd-manager'),
  'not.yaml': '{ [ & not YAML',
  'bomb.yaml': `a: &a [x,x]\nb: &b [*a,*a]\nc: [${'*b,'.repeat(300)}*b]`,
}

it('finds a static pod by what is in its manifest, whatever the file is called', async () => {
  const { host, dir } = await scene(files)
  expect(await findManifests(host, main)).toEqual({ inPlace: [join(dir, 'etcd-main.manifest')], aside: [] })
})

it('sets it aside and puts it back, each time once', async () => {
  const { host, dir, aside } = await scene(files)
  expect(await setManifestsAside(host, main)).toBe(1)
  expect(await setManifestsAside(host, main)).toBe(1)
  expect(readdirSync(aside)).toEqual(['etcd-main.manifest'])
  expect(readdirSync(dir)).not.toContain('etcd-main.manifest')
  expect(await putManifestsBack(host, main)).toBe(1)
  expect(await putManifestsBack(host, main)).toBe(0)
  expect(readdirSync(dir).sort()).toEqual(Object.keys(files).sort())
})

it('a directory that may not be read is an error, and not one without manifests', async () => {
  const { dir, aside } = await scene(files)
  const isRoot = process.getuid?.() === 0
  mkdirSync(aside)
  chmodSync(aside, isRoot ? 0o700 : 0)
  const root = dir.slice(0, -'/etc/kubernetes/manifests'.length)
  for (const part of ['', 'etc', 'etc/kubernetes', 'etc/kubernetes/manifests']) chmodSync(join(root, part), 0o755)
  // root may read everything, so it asks as nobody
  const asNobody = (argv: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync('setpriv', ['--reuid=65534', '--clear-groups', ...argv])
    return { code: status ?? 127, stdout, stderr: String(stderr) }
  }
  const host = localHost(isRoot ? asNobody : undefined, root)
  await expect(findManifests(host, main)).rejects.toMatchObject({ code: 'HOST_COMMAND', message: /ermission denied/ })
  chmodSync(aside, 0o700)
})

it('is nothing where there is no such directory', async () => {
  const { host } = await scene({})
  expect(await setManifestsAside(host, { container: 'kube-apiserver', podPrefix: 'kube-apiserver' })).toBe(0)
})
