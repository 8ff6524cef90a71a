import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { SshHostOptions } from '../../../src/adapters/ssh/options.ts'
import { createSshSession } from '../../../src/adapters/ssh/session.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import { describeOn } from '../../support/skip.ts'
import { type Sshd, sshdMissing, startSshd } from '../../support/sshd.ts'
import { hello, open } from './open.ts'

/** As systemClock, only that nobody waits. */
const quick: Clock = { now: () => new Date(), sleep: async () => {} }

describeOn(sshdMissing, 'a node that was away when it was last tried', () => {
  let sshd: Sshd
  let server: Server
  let port = 0
  let mode: 'drops' | 'says nothing' | 'is there' = 'is there'
  let connections = 0
  const silent = new Set<Socket>()

  beforeAll(async () => {
    sshd = await startSshd()
    server = createServer((near) => {
      connections += 1
      near.on('error', () => {})
      if (mode === 'drops') return near.destroy()
      if (mode === 'says nothing') return void silent.add(near)
      const far = connect({ host: sshd.address, port: sshd.port })
      far.on('error', () => near.destroy())
      near.pipe(far).pipe(near)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as { port: number }).port
  })
  afterAll(async () => {
    for (const socket of silent) socket.destroy()
    server?.close()
    await sshd?.stop()
  })

  /** A host anew each time, as each run of one command has its own. */
  const ask = async (more: Partial<SshHostOptions>) => {
    connections = 0
    const host = open(sshd, { port, clock: quick, ...more })
    return hello(host).finally(() => host.close())
  }

  test('is tried anew in all runs of the command, only not as often, until it is there again', async () => {
    const session = createSshSession()
    mode = 'drops'
    await expect(ask({ session })).rejects.toThrow(/10 times/)
    expect(connections).toBe(10)
    await expect(ask({ session })).rejects.toThrow(/4 times/)
    expect(connections).toBe(4)
    mode = 'is there'
    expect(await ask({ session })).toBe('hello')
    mode = 'drops'
    await expect(ask({ session })).rejects.toThrow(/10 times/)
  })

  test('is waited for a fifth of the time where nothing answers', async () => {
    const session = createSshSession()
    mode = 'says nothing'
    await expect(ask({ session, connectTimeoutMs: 500 })).rejects.toThrow(/no answer from sshd within 0.5s/)
    await expect(ask({ session, connectTimeoutMs: 500 })).rejects.toThrow(/no answer from sshd within 0.1s/)
    mode = 'is there'
    expect(await ask({ session })).toBe('hello')
  })

  test("is known by the system's ssh too", async () => {
    const session = createSshSession()
    mode = 'drops'
    await expect(ask({ session, transport: 'system' })).rejects.toMatchObject({ code: 'HOST_UNREACHABLE' })
    expect([...session.away]).toEqual([`127.0.0.1:${port}`])
    await expect(ask({ session })).rejects.toThrow(/4 times/)
    mode = 'is there'
    expect(await ask({ session, transport: 'system' })).toBe('hello')
    expect([...session.away]).toEqual([])
  })
})
