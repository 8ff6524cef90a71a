import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addKnownHost, readKnownHosts } from '../../../src/adapters/ssh/known-hosts/files.ts'
import { findHost, judgeKey, lookupName, matchesHost } from '../../../src/adapters/ssh/known-hosts/match.ts'
import { parseKnownHosts } from '../../../src/adapters/ssh/known-hosts/parse.ts'
import { generateKey } from '../../support/sshd.ts'

let dir: string
let one: string
let two: string
let rsa: string
const wire = (line: string) => Buffer.from(line.split(' ')[1] ?? '', 'base64')

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'rescue-known-'))
  const make = (name: string, type: 'ed25519' | 'rsa') => {
    generateKey(join(dir, name), type)
    return readFileSync(join(dir, `${name}.pub`), 'utf8')
      .split(' ')
      .slice(0, 2)
      .join(' ')
  }
  one = make('one', 'ed25519')
  two = make('two', 'ed25519')
  rsa = make('rsa', 'rsa')
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const look = (text: string, host: string, port = 22) => findHost(parseKnownHosts(text, 'f'), host, port)
const verdict = (text: string, key: string, host = 'a.example.com', port = 22) =>
  judgeKey(look(text, host, port), wire(key), key.split(' ')[0] ?? '').kind

describe('known_hosts', () => {
  test('known, changed, unknown', () => {
    const text = `# comment\n\na.example.com,10.0.0.1 ${one} somebody\n`
    expect(verdict(text, one)).toBe('known')
    expect(verdict(text, one, '10.0.0.1')).toBe('known')
    expect(verdict(text, one, 'A.EXAMPLE.com')).toBe('known')
    expect(verdict(text, two)).toBe('changed')
    expect(verdict(text, one, 'b.example.com')).toBe('unknown')
    expect(verdict(text, one, 'a.example.com', 2222)).toBe('unknown')
  })

  test('several keys and files for one host', async () => {
    const files = ['x', 'y', 'missing'].map((name) => join(dir, name))
    writeFileSync(files[0] ?? '', `a.example.com ${one}\n`)
    writeFileSync(files[1] ?? '', `a.example.com ${rsa}\n`)
    const known = findHost(await readKnownHosts(files), 'a.example.com', 22)
    expect(judgeKey(known, wire(rsa), 'ssh-rsa').kind).toBe('known')
    expect(judgeKey(known, wire(two), 'ssh-ed25519')).toMatchObject({ kind: 'changed', where: `${files[0]}:1` })
  })

  test('a key of a type that is not known, for a host that is, counts as changed', () => {
    expect(verdict(`a.example.com ${one}\n`, rsa)).toBe('changed')
  })

  test('@revoked wins over everything', () => {
    expect(verdict(`a.example.com ${one}\n@revoked * ${one}\n`, one)).toBe('revoked')
    expect(verdict(`@revoked a.example.com ${one}\n`, two)).toBe('unknown')
  })

  test('@cert-authority is kept apart and accepts no plain key', () => {
    const text = `@cert-authority *.example.com ${one}\n`
    expect(look(text, 'a.example.com').authorities).toHaveLength(1)
    expect(verdict(text, one)).toBe('unknown')
  })

  test('lines that make no sense are passed over', () => {
    const text = `@other a.example.com ${one}\na.example.com ssh-ed25519\na.example.com ssh-rsa ${one.split(' ')[1]}\nx\n`
    expect(verdict(text, one)).toBe('unknown')
  })

  test.each([
    ['*', 'a.example.com', true],
    ['*.example.com', 'a.example.com', true],
    ['*.example.com', 'example.com', false],
    ['?.example.com', 'a.example.com', true],
    ['?.example.com', 'ab.example.com', false],
    ['*.example.com,!a.example.com', 'a.example.com', false],
    ['!a.example.com,*', 'b.example.com', true],
    ['!b.example.com', 'a.example.com', false],
    ['[a.example.com]:2222', '[a.example.com]:2222', true],
    ['[*]:2222', '[a.example.com]:2222', true],
    ['a.example.com', '[a.example.com]:2222', false],
    ['a*e*c*m', 'a.example.com', true],
    ['a*x*z', 'a.example.com', false],
  ])('%s and %s', (pattern, name, matches) => {
    expect(matchesHost(pattern, name)).toBe(matches)
  })

  test('a line of many stars does not take long', () => {
    const start = Date.now()
    expect(matchesHost(`${'*a'.repeat(2000)}b`, 'a'.repeat(2000))).toBe(false)
    expect(Date.now() - start).toBeLessThan(1000)
  })

  test('hashed by ssh-keygen itself', () => {
    const file = join(dir, 'hashed')
    writeFileSync(file, `a.example.com ${one}\n[b.example.com]:2222 ${two}\n`)
    execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'ignore' })
    const text = readFileSync(file, 'utf8')
    expect(text).not.toContain('example')
    expect(verdict(text, one)).toBe('known')
    expect(verdict(text, two, 'b.example.com', 2222)).toBe('known')
    expect(verdict(text, two, 'b.example.com')).toBe('unknown')
  })

  test('what we add is found by ssh-keygen, hashed or not, after a line without its end', async () => {
    const file = join(dir, 'new', 'known_hosts')
    await addKnownHost(file, lookupName('c.example.com', 22), wire(one), { hash: false })
    writeFileSync(file, readFileSync(file, 'utf8').trimEnd())
    await addKnownHost(file, lookupName('d.example.com', 2222), wire(two), { hash: true })
    for (const name of ['c.example.com', '[d.example.com]:2222']) {
      expect(execFileSync('ssh-keygen', ['-F', name, '-f', file], { encoding: 'utf8' })).toContain('ssh-ed25519')
    }
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(statSync(join(dir, 'new')).mode & 0o777).toBe(0o700)
  })
})
