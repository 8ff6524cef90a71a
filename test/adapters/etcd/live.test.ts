import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { cp, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientPorts, liveEtcd } from '../../../src/adapters/etcd/live.ts'
import { RescueError } from '../../../src/errors/rescue-error.ts'
import type { RemoteHost } from '../../../src/ports/remote-host.ts'
import { etcdReleases, newestOfEach, noEtcd, scene } from '../../support/etcd.ts'

const releases = newestOfEach(await etcdReleases())
const CERTIFICATES = 'srv/kubernetes/kube-apiserver'

describe.skipIf(releases.length === 0).each(releases)(`live etcd $version over TLS (${noEtcd})`, (release) => {
  let place: Awaited<ReturnType<typeof scene>>
  let etcd: ChildProcess
  let port: number

  beforeAll(async () => {
    place = await scene()
    // etcd reads its own files at every handshake: they are not among those that the tests move
    const dir = join(place.dir, 'pki')
    await mkdir(dir)
    await certificates(dir)
    await cp(dir, join(place.dir, CERTIFICATES), { recursive: true })
    port = await freePort()
    const url = `https://127.0.0.1:${port}`
    const file = (name: string) => join(dir, name)
    const serving = ['--cert-file', file('server.crt'), '--key-file', file('server.key')]
    const asking = ['--client-cert-auth', '--trusted-ca-file', file('etcd-ca.crt'), '--logger', 'zap']
    const urls = ['--listen-client-urls', url, '--advertise-client-urls', url, '--listen-peer-urls', 'unix://p:1']
    etcd = spawn(release.etcd, ['--data-dir', 'data', ...serving, ...asking, ...urls], {
      cwd: place.dir,
      stdio: 'ignore',
    })
  })
  afterAll(async () => {
    etcd.kill('SIGKILL')
    await new Promise((resolve) => etcd.once('exit', resolve))
    await place.clear()
  })

  it('reads and writes with the certificate of the node', async () => {
    const client = await eventually(() => live([node('a')]).connect())
    await client.put('/registry/x', 'y')
    expect((await client.get('/registry/x'))?.value.toString()).toBe('y')
    expect(client.endpoint).toBe(`a:${port}`)
    await client.close()
  })

  it('goes on to the next node, and names all when none answers', async () => {
    const dead = node('dead', { forward: async () => Promise.reject(unreachable('dead')) })
    const client = await live([dead, node('b')]).connect()
    expect(client.endpoint).toBe(`b:${port}`)
    await client.close()
    const none = live([dead, dead]).connect()
    await expect(none).rejects.toMatchObject({
      code: 'ETCD_UNREACHABLE',
      message: /dead: dead is down; dead: dead is down/,
    })
    await expect(live([node('a')]).connect({ node: 'z' })).rejects.toMatchObject({ code: 'ETCD_UNREACHABLE' })
  })

  it('refuses a server that another authority has signed', async () => {
    const dir = join(place.dir, CERTIFICATES)
    const good = await readFile(join(dir, 'etcd-ca.crt'))
    await writeFile(join(dir, 'etcd-ca.crt'), await readFile(join(dir, 'other-ca.crt')))
    const refused = live([node('a')]).connect({ timeoutMs: 1500 })
    await expect(refused).rejects.toMatchObject({ code: 'ETCD_UNREACHABLE' })
    await writeFile(join(dir, 'etcd-ca.crt'), good)
  })

  it('finds the certificates of older kOps, and says when there are none', async () => {
    await mkdir(join(place.dir, 'etc/kubernetes/pki'), { recursive: true })
    const older = join(place.dir, 'etc/kubernetes/pki/kube-apiserver')
    await rename(join(place.dir, CERTIFICATES), older)
    const client = await live([node('a')]).connect()
    await client.close()
    await rename(older, join(place.dir, 'gone'))
    await expect(live([node('a')]).connect()).rejects.toMatchObject({ message: /has no client certificate/ })
    await rename(join(place.dir, 'gone'), join(place.dir, CERTIFICATES))
  })

  const live = (hosts: RemoteHost[]) => liveEtcd({ hosts, etcdCluster: 'main', port, deadlineMs: 5000 })

  /** A node that is this machine below a directory. */
  function node(name: string, changes: Partial<RemoteHost> = {}): RemoteHost {
    const run: RemoteHost['run'] = async ({ argv }) => {
      const stdout = await readFile(argv[1] ?? '', 'utf8').catch(() => undefined)
      return { code: stdout === undefined ? 1 : 0, stdout: stdout ?? '', stderr: '' }
    }
    const forward: RemoteHost['forward'] = async (to) => {
      const socketPath = join(place.dir, `f${Math.random().toString(36).slice(2, 8)}`)
      const server = createServer((socket) => {
        const other = connect(to, '127.0.0.1')
        socket.pipe(other).pipe(socket)
        for (const end of [socket, other]) end.on('error', () => [socket, other].map((each) => each.destroy()))
      })
      await new Promise<void>((resolve) => server.listen(socketPath, resolve))
      return { socketPath, close: async () => void server.close() }
    }
    const stream: RemoteHost['stream'] = async () => Promise.reject(unreachable(name))
    const address = '127.0.0.1'
    return {
      name,
      address,
      role: 'control-plane',
      root: place.dir,
      run,
      forward,
      stream,
      rest: async () => {},
      close: async () => {},
      ...changes,
    }
  }
})

describe('ports of kOps', () => {
  it('has one for each etcd cluster and no other', async () => {
    expect(clientPorts).toEqual({ main: 4001, events: 4002, cilium: 4003, leases: 4004 })
  })
})

function unreachable(name: string): RescueError {
  return new RescueError('HOST_UNREACHABLE', `${name} is down`, { hint: 'none' })
}

async function eventually<T>(look: () => Promise<T>): Promise<T> {
  const end = Date.now() + 20_000
  while (true) {
    try {
      return await look()
    } catch (error) {
      if (Date.now() > end) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** An authority, a server and a client certificate as etcd-manager makes them, and an authority of someone else. */
async function certificates(dir: string): Promise<void> {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: dir, stdio: 'ignore' })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  for (const name of ['etcd-ca', 'other-ca']) {
    openssl('req', '-x509', ...key, '-keyout', `${name}.key`, '-out', `${name}.crt`, '-subj', `/CN=${name}`)
  }
  await writeFile(
    join(dir, 'server.ext'),
    'subjectAltName=DNS:etcd-a,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n',
  )
  await writeFile(join(dir, 'etcd-client.ext'), 'extendedKeyUsage=clientAuth\n')
  for (const name of ['server', 'etcd-client']) {
    openssl('req', '-new', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`)
    const signer = ['-CA', 'etcd-ca.crt', '-CAkey', 'etcd-ca.key', '-CAcreateserial']
    openssl('x509', '-req', '-in', `${name}.csr`, ...signer, '-out', `${name}.crt`, '-extfile', `${name}.ext`)
  }
}
