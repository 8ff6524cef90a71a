import { afterEach, expect, test } from 'vitest'
import { createSshSession } from '../../../src/adapters/ssh/session.ts'
import type { RemoteHost } from '../../../src/ports/remote-host.ts'
import { describeOn } from '../../support/skip.ts'
import { type Sshd, SUDO_PASSWORD, type SudoWay, sshdMissing, startSshd, sudoMissing } from '../../support/sshd.ts'
import { open, scripted } from './open.ts'

const toStop: { stop(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of toStop.splice(0)) await one.stop()
})

async function as(
  sudo: SudoWay | undefined,
  more: Parameters<typeof open>[1] = {},
): Promise<{ host: RemoteHost; sshd: Sshd }> {
  const sshd = await startSshd(sudo === undefined ? {} : { sudo })
  const host = open(sshd, { sudo: true, ...more })
  toStop.push({ stop: () => host.close().then(() => sshd.stop()) })
  return { host, sshd }
}

const id = async (host: RemoteHost, sudo?: boolean) =>
  (await host.run({ effect: 'read', argv: ['id', '-u'], ...(sudo === undefined ? {} : { sudo }) })).stdout.trim()

describeOn(sudoMissing, 'sudo on a real node', () => {
  test('without a password: root, and not root where a command says so', async () => {
    const { host } = await as('free')
    expect(await id(host)).toBe('0')
    expect(await id(host, false)).not.toBe('0')
  })

  test('with a password: asked for once, and never seen by the command', async () => {
    const prompter = scripted({ passwords: [SUDO_PASSWORD] })
    const { host } = await as('password', { prompter })
    expect(await Promise.all([id(host), id(host), id(host)])).toEqual(['0', '0', '0'])
    const cat = { effect: 'read', argv: ['cat'] } as const
    expect((await host.run({ ...cat, stdin: 'own input' })).stdout).toBe('own input')
    expect((await host.run(cat)).stdout).toBe('')
    expect(prompter.asked).toHaveLength(1)
  })

  test('one password serves all nodes of a session', async () => {
    const more = { prompter: scripted({ passwords: [SUDO_PASSWORD] }), session: createSshSession() }
    const [a, b] = [await as('password', more), await as('password', more)]
    expect(await Promise.all([id(a.host), id(b.host)])).toEqual(['0', '0'])
    expect(more.prompter.asked).toHaveLength(1)
  })

  test('with a password and no terminal: HOST_SUDO says where it is asked for', async () => {
    const { host } = await as('password')
    const error = await id(host).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'HOST_SUDO', hint: expect.stringContaining('in a terminal') })
  })

  test('a wrong password is HOST_SUDO, is not in the message, and is asked for anew', async () => {
    const prompter = scripted({ passwords: ['mistyped one', SUDO_PASSWORD] })
    const { host } = await as('password', { prompter })
    const error = await id(host).catch((caught: Error) => caught)
    expect(error).toMatchObject({ code: 'HOST_SUDO' })
    expect(JSON.stringify(error) + String(error)).not.toContain('mistyped one')
    expect(await id(host)).toBe('0')
  })

  test('a user whom sudoers does not name is HOST_SUDO', async () => {
    const { host, sshd } = await as('refused', { prompter: scripted({ passwords: [SUDO_PASSWORD] }) })
    await expect(id(host)).rejects.toMatchObject({ code: 'HOST_SUDO' })
    await expect(id(host)).rejects.toThrow(sshd.user)
  })

  test('a node without sudo is HOST_SUDO; what needs no root still works', async () => {
    const { host } = await as('missing')
    await expect(id(host)).rejects.toMatchObject({ code: 'HOST_SUDO' })
    expect(await id(host, false)).not.toBe('0')
  })
})

describeOn(
  sshdMissing ?? (process.getuid?.() === 0 ? undefined : 'only root logs in as root'),
  'a login as root',
  () => {
    test('uses no sudo', async () => {
      const lines: string[] = []
      const { host } = await as(undefined, { emit: (event) => void lines.push(event.line) })
      expect(await id(host)).toBe('0')
      expect(lines).toEqual(['id -u'])
    })
  },
)
