import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import ssh2, { type Client, type ClientChannel } from 'ssh2'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Lab } from '../../src/lab/index.ts'
import { pathsOf } from '../../src/lab/layout.ts'
import { type Containers, containerOf, nodeOf, release, smallLab, without } from './support/lab.ts'

interface Result {
  code: number | null
  signal?: string
  stdout: string
  stderr: string
}

describe.skipIf(release === undefined)(`a node of the sandbox over SSH (${release?.version ?? without})`, () => {
  let lab: Lab
  const open: Client[] = []
  beforeAll(async () => {
    lab = await smallLab({ workers: 1 })
    await lab.ready()
  }, 60_000)
  afterEach(() => {
    for (const client of open.splice(0)) client.destroy()
  })
  afterAll(() => lab?.close())

  function login(name: string, privateKey: string | Buffer = readFileSync(lab.identityFile)): Promise<Client> {
    const { address, port } = nodeOf(lab, name)
    const client = new ssh2.Client()
    open.push(client)
    const known = readFileSync(lab.knownHosts, 'utf8')
      .split('\n')
      .find((line) => line.startsWith(`[${address}]:${port} `))
    const hostVerifier = (key: Buffer) => key.toString('base64') === known?.split(' ')[2]
    return new Promise((resolve, reject) => {
      client.once('ready', () => resolve(client)).once('error', reject)
      client.connect({ host: address, port, username: 'drill', privateKey, hostVerifier })
    })
  }

  function exec(client: Client, command: string, use: (channel: ClientChannel) => void = () => {}): Promise<Result> {
    return new Promise((resolve, reject) => {
      client.exec(command, (error, channel) => {
        if (error) return reject(error)
        const result: Result = { code: null, stdout: '', stderr: '' }
        channel.on('data', (chunk: Buffer) => (result.stdout += chunk.toString('latin1')))
        channel.stderr.on('data', (chunk: Buffer) => (result.stderr += chunk))
        channel.on('exit', (code: number | null, signal?: string) => Object.assign(result, { code, signal }))
        channel.on('close', () => resolve(result))
        channel.on('error', reject)
        use(channel)
      })
    })
  }

  const run = async (name: string, command: string) => exec(await login(name), command)

  it('runs commands with their output and exit codes, in PATH its own commands first', async () => {
    expect(await run('a', 'echo out; echo err >&2; exit 7')).toMatchObject({
      code: 7,
      stdout: 'out\n',
      stderr: 'err\n',
    })
    const { bin } = pathsOf(nodeOf(lab, 'w1'))
    expect((await run('w1', 'command -v systemctl')).stdout).toBe(`${bin}/systemctl\n`)
    expect((await run('a', 'sudo -n -- sh -c "echo $0 ran"')).stdout).toContain('ran')
  })

  it('passes standard input through, whole and in both directions', async () => {
    const client = await login('a')
    const body = Buffer.alloc(8 << 20, 'x')
    expect((await exec(client, 'cat', (channel) => channel.end(body))).stdout).toHaveLength(body.length)
    expect((await exec(client, 'head -c 30000000 /dev/zero')).stdout).toHaveLength(30_000_000)
  })

  it('delivers signals, and ends a command whose channel is closed', async () => {
    const client = await login('a')
    const ended = await exec(client, 'exec sleep 100', (channel) => setTimeout(() => channel.signal('TERM'), 200))
    expect(ended.signal).toBe('SIGTERM')
    await exec(client, 'echo $$; exec sleep 100', (channel) => setTimeout(() => channel.destroy(), 300)).then(
      ({ stdout }) => expect.poll(() => isAlive(Number(stdout))).toBe(false),
    )
  })

  it('serves several channels of one connection at once', async () => {
    const client = await login('a')
    const all = await Promise.all([1, 2, 3, 4, 5].map((n) => exec(client, `sleep 0.2; echo ${n}`)))
    expect(all.map(({ stdout }) => stdout)).toEqual(['1\n', '2\n', '3\n', '4\n', '5\n'])
  })

  it("forwards 127.0.0.1 to the node's own etcd", async () => {
    const client = await login('b')
    const forward = (port: number) =>
      new Promise<ClientChannel>((resolve, reject) =>
        client.forwardOut('127.0.0.1', 0, '127.0.0.1', port, (error, channel) =>
          error ? reject(error) : resolve(channel),
        ),
      )
    const channel = await forward(4001)
    channel.resume()
    channel.write('no TLS\r\n\r\n')
    await new Promise((resolve) => channel.once('close', resolve))
    await expect(forward(4099)).rejects.toThrow()
  })

  it('lets in nobody but the operator', async () => {
    const other = ssh2.utils.generateKeyPairSync('ed25519').private
    await expect(login('a', other)).rejects.toThrow('authentication')
    const faults = lab.faults.a
    if (faults === undefined) throw new Error('no faults of a')
    faults.refuseLogins = true
    await expect(login('a')).rejects.toThrow('authentication')
    faults.refuseLogins = false
    await login('a')
  })

  it('cuts a connection in the middle, once, where a fault says so', async () => {
    const faults = lab.faults.c
    if (faults === undefined) throw new Error('no faults of c')
    faults.killConnectionAfterBytes = 100_000
    const client = await login('c')
    client.on('error', () => {})
    const cut = await exec(client, 'head -c 10000000 /dev/zero')
    expect(cut.stdout.length).toBeLessThanOrEqual(100_000)
    expect(cut.code).toBeNull()
    expect((await run('c', 'head -c 10000000 /dev/zero')).stdout).toHaveLength(10_000_000)
  })

  it('lists real containers, and kubelet follows a stopped one with a new one', async () => {
    const node = nodeOf(lab, 'b')
    const before = await containerOf(node, 'kube-scheduler-b')
    const client = await login('b')
    const inspected = JSON.parse((await exec(client, `crictl inspect -o json ${before}`)).stdout) as {
      info: { pid: number }
    }
    expect(isAlive(inspected.info.pid)).toBe(true)
    expect(await exec(client, `sudo -n -- crictl stop --timeout 5 ${before}`)).toMatchObject({
      code: 0,
      stdout: `${before}\n`,
    })
    expect(isAlive(inspected.info.pid)).toBe(false)
    await expect
      .poll(() => containerOf(node, 'kube-scheduler-b').catch(() => before), { timeout: 5000 })
      .not.toBe(before)
    const { containers } = JSON.parse((await exec(client, 'crictl ps -o json')).stdout) as Containers
    expect(containers.map(({ metadata }) => metadata.name).sort()).toEqual([
      'etcd-manager',
      'etcd-manager',
      'kube-apiserver',
      'kube-controller-manager',
      'kube-scheduler',
    ])
    expect((await exec(client, 'crictl stop nonsense')).code).toBe(1)
  })

  it('keeps a pod down while its manifest is away', async () => {
    const { manifests } = pathsOf(nodeOf(lab, 'c'))
    const client = await login('c')
    await exec(client, `mv ${manifests}/kube-scheduler.manifest ${manifests}/../aside`)
    const running = async () => (await exec(client, 'crictl ps -q --name kube-scheduler')).stdout
    await expect.poll(running, { timeout: 5000 }).toBe('')
    await exec(client, `mv ${manifests}/../aside ${manifests}/kube-scheduler.manifest`)
    await expect.poll(running, { timeout: 5000 }).toMatch(/^[0-9a-f]{64}\n$/)
  })

  it('restarts kubelet as a real process', async () => {
    const client = await login('w1')
    const pid = async () => Number((await exec(client, 'systemctl show kubelet --property=MainPID --value')).stdout)
    const before = await pid()
    expect(isAlive(before)).toBe(true)
    expect((await exec(client, 'sudo systemctl restart kubelet')).code).toBe(0)
    expect(await pid()).not.toBe(before)
    expect(isAlive(before)).toBe(false)
    expect((await exec(client, 'systemctl is-active kubelet')).stdout).toBe('active\n')
    await exec(client, 'systemctl stop kubelet')
    expect(await exec(client, 'systemctl is-active kubelet')).toMatchObject({ code: 3, stdout: 'inactive\n' })
    await exec(client, 'systemctl start kubelet')
    expect((await exec(client, 'systemctl restart no-such-unit')).code).toBe(5)
    expect(readFileSync(`${pathsOf(nodeOf(lab, 'w1')).logs}/systemctl.log`, 'utf8')).toContain('restart kubelet')
  })

  it('kills etcd with its etcd-manager', async () => {
    const node = nodeOf(lab, 'a')
    await run('a', `crictl stop ${await containerOf(node, 'etcd-manager-main-a')}`)
    const refused = new Promise((resolve) =>
      connect(4001, node.address)
        .once('error', resolve)
        .once('connect', () => resolve('open')),
    )
    expect(await refused).toMatchObject({ code: 'ECONNREFUSED' })
    await lab.ready()
  })
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
