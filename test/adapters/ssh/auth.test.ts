import { execFileSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createSshSession } from '../../../src/adapters/ssh/session.ts'
import { describeOn } from '../../support/skip.ts'
import { generateKey, type Sshd, SUDO_PASSWORD, sshdMissing, startSshd, sudoMissing } from '../../support/sshd.ts'
import { hello, open, scripted } from './open.ts'

describeOn(sshdMissing, 'login at a real sshd', () => {
  let sshd: Sshd
  let locked: string
  let stranger: string
  beforeAll(async () => {
    sshd = await startSshd()
    locked = join(sshd.dir, 'locked')
    stranger = join(sshd.dir, 'stranger')
    generateKey(locked, 'ed25519', 'open sesame')
    generateKey(stranger)
    const authorized = join(sshd.dir, 'authorized_keys')
    execFileSync('sh', ['-c', 'cat "$1" >> "$2"', 'sh', `${locked}.pub`, authorized])
  })
  afterAll(() => sshd?.stop())
  const attempt = async (more: Parameters<typeof open>[1]) => {
    const host = open(sshd, more)
    try {
      return await hello(host)
    } finally {
      await host.close()
    }
  }

  test('a key that sshd does not know is HOST_AUTH and says what was tried', async () => {
    const refused = attempt({ identityFile: stranger })
    await expect(refused).rejects.toMatchObject({ code: 'HOST_AUTH' })
    await expect(refused).rejects.toThrow(stranger)
    await expect(attempt({ identityFile: stranger, transport: 'system' })).rejects.toMatchObject({ code: 'HOST_AUTH' })
  })

  test('a passphrase is asked for once for all hosts', async () => {
    const prompter = scripted({ passwords: ['wrong', 'open sesame'] })
    const session = createSshSession()
    const more = { identityFile: locked, prompter, session }
    expect(await Promise.all([attempt(more), attempt(more), attempt(more)])).toEqual(['hello', 'hello', 'hello'])
    expect(prompter.asked).toHaveLength(2)
  })

  test('three wrong passphrases are HOST_AUTH', async () => {
    const prompter = scripted({ passwords: ['1', '2', '3', '4'] })
    await expect(attempt({ identityFile: locked, prompter })).rejects.toMatchObject({ code: 'HOST_AUTH' })
    expect(prompter.asked).toHaveLength(3)
  })

  test('a passphrase without a terminal names ssh-add', async () => {
    await expect(attempt({ identityFile: locked })).rejects.toThrow(`ssh-add ${locked}`)
  })

  test('a key in the agent', async () => {
    const agent = await startAgent(sshd)
    try {
      expect(await attempt({ identityFile: stranger, agent: agent.socket })).toBe('hello')
      expect(await attempt({ identityFile: stranger, agent: agent.socket, transport: 'system' })).toBe('hello')
    } finally {
      agent.stop()
    }
  })

  test('a named key file that is not there is said before anything is tried', async () => {
    const refused = attempt({ identityFile: join(sshd.dir, 'nowhere') })
    await expect(refused).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })
})

describeOn(sudoMissing, 'login with a password', () => {
  let sshd: Sshd
  const config = [
    'UsePAM yes',
    'PasswordAuthentication yes',
    'KbdInteractiveAuthentication yes',
    'PubkeyAuthentication no',
  ]
  afterAll(() => sshd?.stop())

  test.each([
    ['password', 'keyboard-interactive'],
    ['keyboard-interactive', 'password'],
  ])('by %s', async (method) => {
    sshd = await startSshd({ sudo: 'free', config: [...config, `AuthenticationMethods ${method}`] })
    const prompter = scripted({ passwords: [SUDO_PASSWORD] })
    const host = open(sshd, { prompter })
    try {
      expect(await hello(host), sshd.log()).toBe('hello')
      expect(prompter.asked).toHaveLength(1)
    } finally {
      await host.close()
      await sshd.stop()
    }
  })
})

async function startAgent(sshd: Sshd) {
  const socket = join(sshd.dir, 'agent')
  const child = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] })
  await new Promise((resolve) => child.stdout.once('data', resolve))
  execFileSync('ssh-add', ['-q', sshd.identityFile], {
    env: { ...process.env, SSH_AUTH_SOCK: socket },
    stdio: 'ignore',
  })
  expect(readFileSync(`${sshd.identityFile}.pub`, 'utf8')).toContain('ssh-ed25519')
  return { socket, stop: () => child.kill() }
}
