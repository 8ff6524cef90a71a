import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeOn } from '../../support/skip.ts'
import { type Sshd, sshdMissing, startSshd } from '../../support/sshd.ts'
import { hello, open, scripted } from './open.ts'

describeOn(sshdMissing, 'host keys of a real sshd', () => {
  let sshd: Sshd
  let other: Sshd
  beforeAll(async () => {
    sshd = await startSshd({ hostKeys: ['rsa', 'ed25519'] })
    other = await startSshd({ hostKeys: ['rsa', 'ed25519'] })
  })
  afterAll(() => Promise.all([sshd?.stop(), other?.stop()]))

  let count = 0
  const known = (text: string) => {
    count += 1
    const file = join(sshd.dir, `known_${count}`)
    writeFileSync(file, text)
    return { file, knownHosts: [file] }
  }
  const keyOf = (server: Sshd, type: 'rsa' | 'ed25519') => server.hostKey(type).public
  const at = (server: Sshd) => `[${server.address}]:${server.port}`
  const attempt = async (more: Parameters<typeof open>[1]) => {
    const host = open(sshd, more)
    try {
      return await hello(host)
    } finally {
      await host.close()
    }
  }

  test.each(['rsa', 'ed25519'] as const)(
    'the only known key is the %s one: it is the one that is asked for',
    async (type) => {
      expect(await attempt(known(sshd.knownHostsLines([type])))).toBe('hello')
    },
  )

  test('another key than the known one is refused, without a question', async () => {
    const prompter = scripted({ confirm: [true] })
    const { file, knownHosts } = known(`${at(sshd)} ${keyOf(other, 'ed25519')}\n`)
    const refused = attempt({ knownHosts, prompter })
    await expect(refused).rejects.toMatchObject({ code: 'HOST_KEY_CHANGED' })
    await expect(refused).rejects.toThrow(`${file}:1`)
    expect(prompter.asked).toEqual([])
  })

  test('a revoked key is refused, even when it is also known', async () => {
    const { knownHosts } = known(
      `${sshd.knownHostsLines()}@revoked * ${keyOf(sshd, 'ed25519')}\n@revoked * ${keyOf(sshd, 'rsa')}\n`,
    )
    await expect(attempt({ knownHosts })).rejects.toMatchObject({ code: 'HOST_KEY_CHANGED' })
    await expect(attempt({ knownHosts, transport: 'system' })).rejects.toMatchObject({ code: 'HOST_KEY_CHANGED' })
  })

  test('hashed lines are understood', async () => {
    const { file, knownHosts } = known(sshd.knownHostsLines())
    execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'ignore' })
    expect(readFileSync(file, 'utf8')).not.toContain(sshd.address)
    expect(await attempt({ knownHosts })).toBe('hello')
  })

  test('an unknown key without a terminal: refused, with the way to add it', async () => {
    const { file, knownHosts } = known('')
    const error = await attempt({ knownHosts }).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'HOST_KEY_UNKNOWN' })
    expect((error as { hint: string }).hint).toContain(`ssh-keyscan -p ${sshd.port} ${sshd.address} >> ${file}`)
    await expect(attempt({ knownHosts, transport: 'system' })).rejects.toMatchObject({ code: 'HOST_KEY_UNKNOWN' })
    expect(readFileSync(file, 'utf8')).toBe('')
  })

  test('an unknown key is asked for with its fingerprint, written down when accepted, and not asked for again', async () => {
    const prompter = scripted({ confirm: [true] })
    const { file, knownHosts } = known('')
    expect(await attempt({ knownHosts, prompter })).toBe('hello')
    const printed = execFileSync('ssh-keygen', ['-lf', sshd.hostKey('ed25519').file], { encoding: 'utf8' }).split(
      ' ',
    )[1]
    expect(prompter.asked).toHaveLength(1)
    expect(prompter.asked[0]).toContain(`ED25519 ${printed}`)
    expect(readFileSync(file, 'utf8')).toContain(keyOf(sshd, 'ed25519').split(' ')[1])
    expect(await attempt({ knownHosts })).toBe('hello')
  })

  test('a declined key is not written down', async () => {
    const { file, knownHosts } = known('')
    const refused = attempt({ knownHosts, prompter: scripted({ confirm: [false] }) })
    await expect(refused).rejects.toMatchObject({ code: 'HOST_KEY_UNKNOWN' })
    expect(readFileSync(file, 'utf8')).toBe('')
  })

  test('with unknownKeys refuse nobody is asked', async () => {
    const prompter = scripted({ confirm: [true] })
    const refused = attempt({ ...known(''), prompter, unknownKeys: 'refuse' })
    await expect(refused).rejects.toMatchObject({ code: 'HOST_KEY_UNKNOWN' })
    expect(prompter.asked).toEqual([])
  })

  test('a host that lost its known kind of key is not trusted by another kind', async () => {
    const onlyRsa = await startSshd({ hostKeys: ['rsa'] })
    try {
      const { knownHosts } = known(`${at(onlyRsa)} ${keyOf(other, 'ed25519')}\n`)
      const host = open(onlyRsa, { knownHosts, prompter: scripted({ confirm: [true] }) })
      await expect(hello(host)).rejects.toMatchObject({ code: 'HOST_KEY_CHANGED' })
      await host.close()
    } finally {
      await onlyRsa.stop()
    }
  })
})
