import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createSshSession } from '../../../src/adapters/ssh/session.ts'
import { streamFile } from '../../../src/node/files.ts'
import { sizeOf } from '../../contracts/remote-host.ts'
import { describeOn } from '../../support/skip.ts'
import { freePort, type Sshd, sshdMissing, startSshd } from '../../support/sshd.ts'
import { startProxy } from '../../support/tcp-proxy.ts'
import { hello, knownAt, open, scripted } from './open.ts'

describeOn(sshdMissing, 'reaching a real sshd', () => {
  let sshd: Sshd
  beforeAll(async () => {
    sshd = await startSshd()
  })
  afterAll(() => sshd?.stop())

  test('a node where nothing listens is HOST_UNREACHABLE within seconds, by both ways', async () => {
    const port = await freePort('127.0.0.1')
    for (const transport of ['ssh2', 'system'] as const) {
      const start = Date.now()
      const failed = hello(open(sshd, { port, transport }))
      await expect(failed).rejects.toMatchObject({ code: 'HOST_UNREACHABLE' })
      await expect(failed).rejects.toThrow(`node a (127.0.0.1:${port})`)
      expect(Date.now() - start).toBeLessThan(6000)
    }
  })

  test('a listener that never answers is given up', async () => {
    const server = createServer(() => {})
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const host = open(sshd, { port, connectTimeoutMs: 500 })
    await expect(hello(host)).rejects.toThrow(/no answer from sshd within 0.5s/)
    await host.close()
    server.close()
  })

  test('a connection cut at half the transfer: the rest comes from where it broke', async () => {
    const proxy = await startProxy(sshd)
    const file = join(sshd.dir, 'big')
    const content = Buffer.alloc(20_000_000, 'etcd')
    writeFileSync(file, content)
    proxy.cutAfter(10_000_000)
    const host = open(sshd, { port: proxy.port })
    const got: Buffer[] = []
    const readFrom = async (start: number) => {
      const { stdout, done } = await streamFile(host, file, { start })
      for await (const chunk of stdout) got.push(chunk)
      await done
    }
    await expect(readFrom(0)).rejects.toMatchObject({ code: 'HOST_CONNECTION_LOST' })
    const half = Buffer.concat(got).length
    expect(half).toBeGreaterThan(5_000_000)
    expect(half).toBeLessThan(15_000_000)
    await readFrom(half)
    expect(Buffer.concat(got).equals(content)).toBe(true)
    await host.close()
    await proxy.stop()
  })

  test('a network that goes silent is noticed by keepalive, not by the deadline of the command', async () => {
    const proxy = await startProxy(sshd)
    const host = open(sshd, { port: proxy.port, keepaliveMs: 200 })
    await hello(host)
    const waiting = host.run({ effect: 'change', argv: ['sleep', '20'] })
    const start = Date.now()
    setTimeout(() => proxy.freeze(), 300)
    await expect(waiting).rejects.toMatchObject({ code: 'HOST_CONNECTION_LOST' })
    expect(Date.now() - start).toBeLessThan(5000)
    await host.close()
    await proxy.stop()
  })

  test('a burst of logins over MaxStartups gets through', async () => {
    const narrow = await startSshd({ config: ['MaxStartups 2:100:4'] })
    const session = createSshSession()
    const hosts = Array.from({ length: 12 }, (_, index) => open(narrow, { name: `n${index}`, session }))
    try {
      expect(await Promise.all(hosts.map(hello))).toEqual(hosts.map(() => 'hello'))
      expect(narrow.log()).toMatch(/MaxStartups|drop connection|beginning MaxStartups/i)
    } finally {
      await Promise.all(hosts.map((host) => host.close()))
      await narrow.stop()
    }
  })

  test('fewer sessions than usual are made do with', async () => {
    const narrow = await startSshd({ config: ['MaxSessions 2'] })
    const host = open(narrow)
    try {
      const all = Array.from({ length: 10 }, () => hello(host))
      expect(await Promise.all(all)).toEqual(all.map(() => 'hello'))
    } finally {
      await host.close()
      await narrow.stop()
    }
  })
})

describeOn(sshdMissing, 'a jump host', () => {
  let bastion: Sshd
  let inner: Sshd
  beforeAll(async () => {
    bastion = await startSshd({ address: '127.0.0.2' })
    inner = await startSshd({ address: '127.0.0.3', authorizedKeys: [] })
  })
  afterAll(() => Promise.all([bastion?.stop(), inner?.stop()]))

  /** One key for both, as a user has it. */
  const through = (known: string, more: Parameters<typeof open>[1] = {}) => {
    const knownHosts = join(inner.dir, `known_${Math.random()}`)
    writeFileSync(knownHosts, known)
    return open(inner, {
      identityFile: bastion.identityFile,
      knownHosts: [knownHosts],
      jump: `${bastion.user}@${bastion.address}:${bastion.port}`,
      ...more,
    })
  }
  beforeAll(async () => {
    const { readFileSync, appendFileSync } = await import('node:fs')
    appendFileSync(join(inner.dir, 'authorized_keys'), readFileSync(`${bastion.identityFile}.pub`, 'utf8'))
  })

  test.each(['ssh2', 'system'] as const)('is gone through (%s)', async (transport) => {
    const host = through(bastion.knownHostsLines() + inner.knownHostsLines(), { transport })
    expect(await hello(host)).toBe('hello')
    await host.close()
    expect(bastion.log()).toMatch(/Accepted publickey/)
  })

  test('is one connection for many nodes', async () => {
    const before = bastion.log().match(/Accepted publickey/g)?.length ?? 0
    const session = createSshSession()
    const known = bastion.knownHostsLines() + inner.knownHostsLines()
    const hosts = Array.from({ length: 6 }, (_, index) => through(known, { session, name: `n${index}` }))
    expect(await Promise.all(hosts.map(hello))).toEqual(hosts.map(() => 'hello'))
    await Promise.all(hosts.map((host) => host.close()))
    expect(bastion.log().match(/Accepted publickey/g)?.length).toBe(before + 1)
  })

  test("both host keys are verified, the jump host's own and the node's", async () => {
    const noJump = through(inner.knownHostsLines())
    await expect(hello(noJump)).rejects.toMatchObject({ code: 'HOST_KEY_UNKNOWN' })
    await expect(hello(noJump)).rejects.toThrow('127.0.0.2')
    const noNode = through(bastion.knownHostsLines())
    await expect(hello(noNode)).rejects.toThrow('127.0.0.3')
    const asked = scripted({ confirm: [true, true] })
    const both = through('', { prompter: asked })
    expect(await hello(both)).toBe('hello')
    expect(asked.asked.map((question) => /127\.0\.0\.\d/.exec(question)?.[0])).toEqual(['127.0.0.2', '127.0.0.3'])
    await Promise.all([noJump, noNode, both].map((host) => host.close()))
  })

  test('a node that the jump host cannot reach is HOST_UNREACHABLE', async () => {
    const port = await freePort('127.0.0.3')
    const host = through(bastion.knownHostsLines(), { port })
    await expect(hello(host)).rejects.toMatchObject({ code: 'HOST_UNREACHABLE' })
    await host.close()
  })

  test('the stream of a big file goes through it', async () => {
    const host = through(bastion.knownHostsLines() + inner.knownHostsLines())
    const { stdout } = await host.stream({ effect: 'read', argv: ['head', '-c', '30000000', '/dev/zero'] })
    expect(await sizeOf(stdout)).toBe(30_000_000)
    await host.close()
    expect(knownAt(inner, inner.port)).toBe(inner.knownHosts)
  })
})
