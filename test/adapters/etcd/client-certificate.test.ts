import { execFileSync } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { liveEtcd } from '../../../src/adapters/etcd/live.ts'
import type { RemoteHost } from '../../../src/ports/remote-host.ts'

let dir: string
const OF_KOPS = 'srv/kubernetes/kube-apiserver'

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rescue-certificates-'))
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: dir, stdio: 'ignore' })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  for (const name of ['good', 'other'])
    openssl('req', '-x509', ...key, '-keyout', `${name}.key`, '-out', `${name}.crt`, '-subj', `/CN=${name}`)
  await place('good', OF_KOPS, 'good', 'good')
  await place('elsewhere', 'etc/etcd', 'good', 'good')
  await place('other-key', OF_KOPS, 'good', 'other')
  await place('garbage', OF_KOPS, 'good', 'good')
  execFileSync('sh', ['-c', `printf '%s\\nx' "-----BEGIN CERTIFICATE-----" >"$0"`, file('garbage', 'etcd-client.crt')])
})
afterAll(() => rm(dir, { recursive: true }))

const file = (node: string, name: string) => join(dir, node, OF_KOPS, name)

async function place(node: string, at: string, certificate: string, key: string): Promise<void> {
  await mkdir(join(dir, node, at), { recursive: true })
  await copyFile(join(dir, 'good.crt'), join(dir, node, at, 'etcd-ca.crt'))
  await copyFile(join(dir, `${certificate}.crt`), join(dir, node, at, 'etcd-client.crt'))
  await copyFile(join(dir, `${key}.key`), join(dir, node, at, 'etcd-client.key'))
}

/** A node that is this machine below a directory. */
const node = (name: string): RemoteHost =>
  ({
    ...{ name, address: '127.0.0.1', role: 'control-plane', root: join(dir, name) },
    run: async ({ argv }) => {
      const stdout = await readFile(argv[1] ?? '', 'utf8').catch(() => undefined)
      return { code: stdout === undefined ? 1 : 0, stdout: stdout ?? '', stderr: '' }
    },
  }) as RemoteHost

const look = (names: string[], certificateDir?: string) =>
  liveEtcd({ hosts: names.map(node), etcdCluster: 'main', certificateDir }).mustBeReadable?.()

test('one node with a certificate that can be used is enough, and the others are named', async () => {
  expect(await look(['good'])).toEqual([])
  expect(await look(['none', 'good', 'other-key', 'garbage'])).toMatchObject([
    { node: 'none', why: 'none has no client certificate for etcd' },
    { node: 'other-key', why: 'other-key: its client key for etcd is not that of the certificate' },
    { node: 'garbage', why: /^garbage: its client certificate for etcd makes no sense/ },
  ])
})

test('with none that can be used it is a precondition, and says where they are looked for', async () => {
  await expect(look(['none', 'other-key'])).rejects.toMatchObject({
    code: 'PRECONDITION',
    message: /none has no client certificate for etcd; other-key: its client key/,
    hint: /looked for in \/srv\/kubernetes\/kube-apiserver and \/etc\/kubernetes.*clientCertificates: \/DIR/,
  })
})

test('one that has ended is of no use', async () => {
  const { unusableCertificates } = await import('../../../src/adapters/etcd/client-certificate.ts')
  const later = unusableCertificates([node('good')], undefined, new Date('2099-01-01'))
  await expect(later).rejects.toMatchObject({ code: 'PRECONDITION', message: /ended on .* GMT/ })
})

test('another directory of the nodes can be named', async () => {
  await expect(look(['elsewhere'])).rejects.toMatchObject({ code: 'PRECONDITION' })
  expect(await look(['elsewhere'], '/etc/etcd')).toEqual([])
})
