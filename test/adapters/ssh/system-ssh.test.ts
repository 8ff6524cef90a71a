import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeOn } from '../../support/skip.ts'
import { generateKey, type Sshd, sshdMissing, startSshd } from '../../support/sshd.ts'
import { hello, open } from './open.ts'

describeOn(sshdMissing, "what only the system's ssh can do", () => {
  let sshd: Sshd
  let ca: string
  beforeAll(async () => {
    sshd = await startSshd({ hostKeys: ['ed25519'], config: [] })
    ca = join(sshd.dir, 'ca')
    generateKey(ca)
  })
  afterAll(() => sshd?.stop())

  const attempt = async (server: Sshd, more: Parameters<typeof open>[1]) => {
    const notes: string[] = []
    const host = open(server, { ...more, emit: (event) => event.type === 'note' && notes.push(event.line) })
    try {
      return { said: await hello(host), notes }
    } finally {
      await host.close()
    }
  }

  test('a certificate beside the key: found, used, and said', async () => {
    const dir = join(sshd.dir, 'user')
    mkdirSync(dir)
    const key = join(dir, 'id')
    generateKey(key)
    const trusting = await startSshd({ config: [`TrustedUserCAKeys ${ca}.pub`] })
    try {
      await expect(attempt(trusting, { identityFile: key })).rejects.toMatchObject({ code: 'HOST_AUTH' })
      execFileSync('ssh-keygen', ['-q', '-s', ca, '-I', 'test', '-n', trusting.user, '-V', '+1h', `${key}.pub`])
      const { said, notes } = await attempt(trusting, { identityFile: key })
      expect(said).toBe('hello')
      expect(notes).toEqual([`connects through the system's ssh: the certificate ${key}-cert.pub`])
    } finally {
      await trusting.stop()
    }
  })

  test('a host that an authority vouches for', async () => {
    const { file } = sshd.hostKey('ed25519')
    execFileSync('ssh-keygen', ['-q', '-s', ca, '-I', 'host', '-h', '-n', sshd.address, '-V', '+1h', `${file}.pub`])
    const vouched = await startSshd({
      hostKeys: [],
      config: [`HostKey ${file}`, `HostCertificate ${file}-cert.pub`],
    })
    try {
      const known = join(vouched.dir, 'by_ca')
      writeFileSync(known, `@cert-authority [${vouched.address}]:* ${readFileSync(`${ca}.pub`, 'utf8')}`)
      const { said, notes } = await attempt(vouched, { knownHosts: [known] })
      expect(said).toBe('hello')
      expect(notes[0]).toContain('the host authority')
    } finally {
      await vouched.stop()
    }
  })

  test('an sshd with which ssh2 has no algorithm in common', async () => {
    const modern = await startSshd({ config: ['KexAlgorithms sntrup761x25519-sha512@openssh.com'] })
    try {
      const { said, notes } = await attempt(modern, {})
      expect(said).toBe('hello')
      expect(notes[0]).toContain('no matching key exchange')
    } finally {
      await modern.stop()
    }
  })

  test('an alias of the ssh configuration gives address, port, user, key and known_hosts', async () => {
    const config = join(sshd.dir, 'ssh_config')
    const key = join(sshd.dir, 'aliased')
    copyFileSync(sshd.identityFile, key)
    execFileSync('chmod', ['600', key])
    const lines = [
      'Host node-a',
      `  HostName ${sshd.address}`,
      `  Port ${sshd.port}`,
      `  User ${sshd.user}`,
      `  IdentityFile ${key}`,
      `  UserKnownHostsFile ${sshd.knownHosts}`,
    ]
    writeFileSync(config, `${lines.join('\n')}\n`)
    for (const transport of ['ssh2', 'system'] as const) {
      const host = open(sshd, { address: 'node-a', sshConfig: config, transport })
      expect(host.address).toBe('node-a')
      await host.close()
      const { openHost } = await import('../../../src/adapters/ssh/open-host.ts')
      const { systemClock } = await import('../../../src/ports/clock.ts')
      const { nobody } = await import('./open.ts')
      const bare = openHost({
        name: 'a',
        address: 'node-a',
        role: 'worker',
        sudo: false,
        agent: false,
        prompter: nobody,
        clock: systemClock,
        sshConfig: config,
        transport,
      })
      expect(await hello(bare)).toBe('hello')
      await bare.close()
    }
  })

  test('an address that looks like an option is refused', async () => {
    const host = open(sshd, { address: '-oProxyCommand=false', sshConfig: true })
    await expect(hello(host)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })
})
