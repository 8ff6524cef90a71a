import { existsSync, readdirSync } from 'node:fs'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { type ExtractOptions, extractObjects } from '../../src/app/extract/index.ts'
import { matchOf, type Wanted } from '../../src/app/extract/match.ts'
import { kindOf } from '../../src/kube/index.ts'
import { testSession } from '../support/session.ts'
import { KEY_BYTES, KEY_LABEL, kubeCopy } from './support/kube-copy.ts'

let dir: string
let source: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rescue-extract-'))
  source = await kubeCopy(dir, 'copy')
})
afterAll(() => rm(dir, { recursive: true, force: true }))

const extract = (options: Partial<ExtractOptions>) =>
  extractObjects(testSession(dir), { source, etcdCluster: 'main', all: false, includeSecrets: false, ...options })

describe('which objects', () => {
  const matches = (wanted: Partial<Wanted>, key: string) => {
    const kind = kindOf(Buffer.from(key))
    return kind !== undefined && matchOf({ all: false, ...wanted }).key(kind)
  }
  test.each([
    ['Secret', '/registry/secrets/a/b', true],
    ['cm', '/registry/configmaps/a/b', true],
    ['NetworkPolicy', '/registry/networkpolicies/a/b', true],
    ['ingress', '/registry/ingress/a/b', true],
    ['no', '/registry/minions/a', true],
    ['svc', '/registry/services/specs/a/b', true],
    ['SealedSecret', '/registry/bitnami.com/sealedsecrets/a/b', true],
    ['Secret', '/registry/bitnami.com/sealedsecrets/a/b', false],
    ['Secret', '/registry/configmaps/a/secrets', false],
  ])('--kind %s of %s: %s', (kind, key, is) => expect(matches({ kind }, key)).toBe(is))

  test('namespace and name narrow it; nothing at all is USAGE, not everything', () => {
    expect(matches({ namespace: 'a', name: 'b' }, '/registry/secrets/a/b')).toBe(true)
    expect(matches({ namespace: 'a', name: 'b' }, '/registry/secrets/b/a')).toBe(false)
    expect(() => matchOf({ all: false })).toThrow(
      expect.objectContaining({ code: 'USAGE', hint: expect.stringMatching(/--all/) }),
    )
  })

  test.each([
    ['a', { a: '' }, true],
    ['!a', { b: '1' }, true],
    ['a=1,b!=2', { a: '1', b: '3' }, true],
    ['a=1,b!=2', { a: '1', b: '2' }, false],
    ['k in (x, y),!z', { k: 'y' }, true],
    ['k notin (x,y)', { k: 'y' }, false],
    ['k notin (x,y)', {}, true],
    ['constructor', {}, false],
  ])('--selector %s on %j: %s', (selector, labels, is) => {
    expect(matchOf({ all: false, selector }).object({ encoding: 'json', labels })).toBe(is)
  })

  test.each(['', 'a==b=c', 'k in x', 'a b', '=v', 'a,,b'])('--selector %j cannot be read', (selector) => {
    expect(() => matchOf({ all: false, selector })).toThrow(
      expect.objectContaining({ code: 'USAGE', hint: expect.stringMatching(/key=value/) }),
    )
  })
})

describe('extract', () => {
  test('a sealed-secrets key comes back byte by byte, without what another cluster gives anew', async () => {
    const options = { kind: 'Secret', namespace: 'kube-system', selector: KEY_LABEL, includeSecrets: true }
    const value = await extract({ ...options, output: 'out/keys.yaml' })
    const path = join(dir, 'out/keys.yaml')
    expect(value).toMatchObject({ written: 1, output: path, encrypted: { 'aescbc, key key7': 1 }, incomplete: 0 })
    expect(((await stat(path)).mode & 0o777).toString(8)).toBe('600')
    expect(readdirSync(join(dir, 'out'))).toEqual(['keys.yaml'])
    expect(parse(await readFile(path, 'utf8'))).toEqual({
      ...{ apiVersion: 'v1', kind: 'Secret', type: 'Opaque', data: { 'tls.key': KEY_BYTES.toString('base64') } },
      metadata: { name: 'sealed-key', namespace: 'kube-system', labels: { [KEY_LABEL]: 'active' } },
    })
  })

  test('text that kubectl would take for numbers or truth values stays text', async () => {
    await extract({ kind: 'cm', output: 'odd.yaml' })
    const written = await readFile(join(dir, 'odd.yaml'), 'utf8')
    // YAML 1.1 is what kubectl reads
    const [document] = parseAllDocuments(written, { version: '1.1' })
    expect((document as { toJS(): unknown }).toJS()).toMatchObject({
      data: { flag: 'on', n: '1_000', script: '- a\n- b\n', on: '0o17' },
    })
    expect(written).toContain('"on": "0o17"')
  })

  test('custom resources are given back; what is not decoded, and Secrets, are counted', async () => {
    const { objects, ...value } = await extract({ all: true })
    expect(value).toMatchObject({ written: 2, secretsLeftOut: 3, leftOut: { Pod: 1, Node: 2, nodes: 1 } })
    expect(objects?.find(({ kind }) => kind === 'SealedSecret')).toEqual({
      ...{ apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', spec: { encryptedData: { password: 'AgB' } } },
      metadata: { name: 'db', namespace: 'default' },
    })
  })

  test('Secrets are refused unless they are asked for', async () => {
    await expect(extract({ kind: 'secrets' })).rejects.toMatchObject({
      code: 'PRECONDITION',
      hint: /--include-secrets/,
    })
  })

  test('a file that exists is not touched, and a failed extraction leaves none', async () => {
    await writeFile(join(dir, 'mine'), 'mine')
    await expect(extract({ kind: 'cm', output: 'mine' })).rejects.toMatchObject({
      code: 'PRECONDITION',
      message: /exists already/,
    })
    expect(await readFile(join(dir, 'mine'), 'utf8')).toBe('mine')
    await expect(extract({ kind: 'cm', name: 'not-there', output: 'none' })).rejects.toMatchObject({
      code: 'PRECONDITION',
      hint: /there are: .*configmaps/,
    })
    await expect(extract({ kind: 'cm', output: '/proc/none' })).rejects.toMatchObject({ code: 'LOCAL_FILE' })
    expect(['none', 'none.part'].filter((name) => existsSync(join(dir, name)))).toEqual([])
  })
})
