import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dirScratch } from '../../src/adapters/scratch/index.ts'
import { openHere } from '../../src/app/sources/here.ts'
import { withSources } from '../../src/app/sources/index.ts'
import { lazyNodes } from '../../src/app/sources/nodes.ts'
import { parseSource } from '../../src/app/sources/parse.ts'
import { loadConfig } from '../../src/config/index.ts'
import { inflateBackup } from '../../src/steps/support/inflate.ts'
import { testSession } from '../support/session.ts'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rescue-source-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

describe('a SOURCE', () => {
  test.each([
    ['backup/db', { at: 'here', path: 'backup/db' }],
    ['./a:b', { at: 'here', path: './a:b' }],
    ['file:///var/copy', { at: 'here', path: '/var/copy' }],
    ['ssh://a/mnt/x/data/t', { at: 'node', node: 'a', path: '/mnt/x/data/t' }],
    ['ssh://[fd00::1]/mnt/x', { at: 'node', node: 'fd00::1', path: '/mnt/x' }],
    [
      'ssh://admin@[fd00::1]:2222/mnt/x',
      { at: 'node', node: 'fd00::1', path: '/mnt/x', login: { user: 'admin', port: 2222 } },
    ],
    ['ssh://admin@a/x@y:[z]', { at: 'node', node: 'a', path: '/x@y:[z]', login: { user: 'admin' } }],
    ['ssh://10.0.0.11:2222/x', { at: 'node', node: '10.0.0.11', path: '/x', login: { port: 2222 } }],
    ['a:-AbCdEfGhIjKlMnOpQrStU', { at: 'token', node: 'a', token: '-AbCdEfGhIjKlMnOpQrStU' }],
    ['s3://bucket/main/recovered-1', { at: 'store', store: 's3://bucket/main', key: 'recovered-1' }],
    ['do://bucket/main/recovered-1', { at: 'store', store: 'do://bucket/main', key: 'recovered-1' }],
    ['s3://bucket/main/recovered-1/', { at: 'store', store: 's3://bucket/main', key: 'recovered-1' }],
  ])('%s', (text, ref) => {
    expect(parseSource(text)).toEqual(ref)
  })

  test.each(['', 'ssh://a', 'ssh:///x', 's3://bucket', 'https://x/y', 'a\0b', 'x'.repeat(5000)])(
    '%j is none',
    (text) => {
      expect(() => parseSource(text)).toThrow(
        expect.objectContaining({ code: 'USAGE', hint: expect.stringMatching(/ssh:/) }),
      )
    },
  )
})

test('another store of kOps is none, and the way on is said', () => {
  expect(() => parseSource('gs://bucket/main/recovered-1')).toThrow(
    expect.objectContaining({ code: 'USAGE', hint: expect.stringContaining("set s3.endpoint to Google's") }),
  )
})

test('a store that is read as S3 has its own address, or is refused', async () => {
  const path = join(dir, 'do.yaml')
  writeFileSync(path, 'cluster: c.example.com\nnodes: {controlPlane: [{name: a, address: 10.0.0.1}]}\n', {
    mode: 0o600,
  })
  const session = testSession(dir, { sources: { cwd: dir, env: { XDG_STATE_HOME: dir }, config: path } })
  const opened = withSources(session, { sources: ['do://bucket/main/recovered-1'], etcdCluster: 'main' }, async () => 0)
  await expect(opened).rejects.toMatchObject({ code: 'CONFIG_INVALID', hint: expect.stringContaining('s3.endpoint') })
})

test.each([
  'ssh://::1/x',
  'ssh://[a]/x',
  'ssh://[::1/x',
  'ssh://[]/x',
  'ssh://a:0/x',
  'ssh://a:99999/x',
  'ssh://@a/x',
  'ssh://a:b/x',
])('%s names no path on a node, and how it is written is said', (text) => {
  expect(() => parseSource(text)).toThrow(
    expect.objectContaining({
      code: 'USAGE',
      message: expect.stringContaining('names no path on a node'),
      hint: expect.stringContaining('ssh://[IPV6-ADDRESS]/PATH'),
    }),
  )
})

describe('a node of a source', () => {
  const nodes = async () => {
    const config = join(dir, 'nodes.yaml')
    await writeFile(
      config,
      `ssh: { user: admin }
cluster: c.example.com
state: file:///nowhere
nodes:
  controlPlane:
    - { name: a, address: 'fd00:0::1' }
    - { name: b, address: 127.0.0.1, port: 2201 }
    - { name: c, address: 127.0.0.1, port: 2202 }
`,
    )
    const session = testSession(dir)
    const loaded = await loadConfig({ config, env: {}, cwd: dir })
    return lazyNodes(session, loaded, { etcdCluster: 'main', signal: new AbortController().signal })
  }

  test('is found by its name, its address in any form, and its port where one address has several', async () => {
    const { get, close } = await nodes()
    expect((await get('FD00::1', { user: 'admin', port: 22 })).name).toBe('a')
    expect((await get('127.0.0.1', { port: 2202 })).name).toBe('c')
    expect((await get('b')).name).toBe('b')
    await close()
  })

  test('is not logged in to otherwise than the configuration says, in silence', async () => {
    const { get } = await nodes()
    await expect(get('a', { user: 'root', port: 2222 })).rejects.toMatchObject({
      code: 'USAGE',
      message: 'node a has admin and port 22 in the configuration, not user root and port 2222',
      hint: expect.stringContaining('ssh://a/PATH'),
    })
    await expect(get('fd00::2')).rejects.toMatchObject({ code: 'USAGE', message: expect.stringContaining('fd00::2') })
  })
})

describe('a file that something is packed in', () => {
  const { signal } = new AbortController()
  const tar = Buffer.alloc(10_240)
  tar.write('ustar', 257)

  test.each([
    ['copy.zip', Buffer.from('PK\x03\x04 and so on', 'latin1'), /copy\.zip is a zip archive, and no copy/, /unzip/],
    ['copy.zst', Buffer.from('28b52ffd0058', 'hex'), /packed with zstd/, /unzstd/],
    ['copy.xz', Buffer.from('fd377a585a0000', 'hex'), /packed with xz/, /unxz/],
    ['copy.bz2', Buffer.from('BZh91AY'), /packed with bzip2/, /bunzip2/],
    ['copy.tar', tar, /is a tar archive/, /tar -xf/],
    ['copy.tar.gz', gzipSync(tar), /is a tar archive, packed with gzip/, /tar -xf/],
  ])('%s is named for what it is', async (name, content, message, hint) => {
    const path = join(dir, name)
    writeFileSync(path, content)
    const opening = openHere(path, { scratch: dirScratch(join(dir, 'scratch')), signal })
    await expect(opening).rejects.toMatchObject({ code: 'PRECONDITION', message, hint })
  })
})

/** Whole sectors and their SHA-256, as a snapshot is. */
function snapshot(bytes = 512 * 40): Buffer {
  const content = Buffer.alloc(bytes, 'etcd')
  return Buffer.concat([content, createHash('sha256').update(content).digest()])
}

describe('etcd.backup.gz', () => {
  const { signal } = new AbortController()
  const inflate = (packed: Buffer, more = {}) =>
    inflateBackup(Readable.from([packed.subarray(0, 100), packed.subarray(100)]), {
      scratch: dirScratch(join(dir, 'scratch')),
      signal,
      name: 's3://b/main/x',
      ...more,
    })

  test('is read in any order, from memory or from a file that has no name', async () => {
    const content = snapshot()
    for (const inMemory of [undefined, 1000]) {
      const { db, findings, bytesRead, close } = await inflate(gzipSync(content), inMemory ? { inMemory } : {})
      expect(findings).toEqual([])
      expect(db.size).toBe(content.length)
      expect(await db.read(512, 600)).toEqual(content.subarray(512, 1112))
      expect(await db.read(0, content.length)).toEqual(content)
      expect(bytesRead()).toBe(gzipSync(content).length)
      expect(existsSync(join(dir, 'scratch')) ? readdirSync(join(dir, 'scratch')) : []).toEqual([])
      await close()
    }
  })

  test('what is wrong with it is a finding while there is something to read', async () => {
    const content = snapshot()
    const wrong = Buffer.from(content)
    wrong[7] = 0
    const findingsOf = async (packed: Buffer) => {
      const { findings, close } = await inflate(packed)
      await close()
      return findings
    }
    expect(await findingsOf(gzipSync(wrong))).toEqual(['unusable: its SHA-256 is not that of its content'])
    expect(await findingsOf(gzipSync(content.subarray(0, -32)))).toEqual([
      'unusable: it carries no SHA-256, so etcd-manager would loop on it',
    ])
    expect(await findingsOf(Buffer.concat([gzipSync(content), Buffer.alloc(1)]))).toEqual([
      expect.stringMatching(/^unusable: its gzip has bytes after its end, which etcd-manager refuses/),
    ])
    expect(
      await findingsOf(Buffer.concat([gzipSync(content.subarray(0, 512)), gzipSync(content.subarray(512))])),
    ).toEqual([])
    const cut = gzipSync(Buffer.concat([content, createHash('sha512').update('x').digest()]), { level: 0 }).subarray(
      0,
      -60,
    )
    expect(await findingsOf(cut)).toEqual([
      expect.stringMatching(/^unusable: its gzip is cut or damaged \(\d+ bytes were unpacked\)$/),
    ])
  })

  test('that holds nothing is BACKUP_INVALID', async () => {
    for (const packed of [Buffer.from('no gzip at all, but long enough'), Buffer.alloc(0), gzipSync('').subarray(0, 5)])
      await expect(inflate(packed)).rejects.toMatchObject({ code: 'BACKUP_INVALID', hint: /backup list/ })
  })
})

describe('a path', () => {
  const open = async (path: string) => {
    const opening = await openHere(path, {
      scratch: dirScratch(join(dir, 'scratch')),
      signal: new AbortController().signal,
    })
    await opening.close()
    return opening
  }

  test('is a database, a snapshot, a member with its WAL, or a backup with its version', async () => {
    const member = join(dir, 'copy/member')
    mkdirSync(join(member, 'snap'), { recursive: true })
    mkdirSync(join(member, 'wal'))
    writeFileSync(join(member, 'snap/db'), Buffer.alloc(8192))
    for (const name of ['0000000000000001-0000000000000010.wal', '0000000000000000-0000000000000000.wal', '0.tmp'])
      writeFileSync(join(member, 'wal', name), 'w')
    writeFileSync(join(dir, 'snapshot'), snapshot())
    mkdirSync(join(dir, 'backup'))
    writeFileSync(join(dir, 'backup/etcd.backup.gz'), gzipSync(snapshot()))
    writeFileSync(join(dir, 'backup/_etcd_backup.meta'), '{"etcdVersion":"3.5.30"}')
    expect(await open(join(member, 'snap/db'))).toMatchObject({ kind: 'db', wal: [] })
    expect(await open(join(dir, 'snapshot'))).toMatchObject({ kind: 'snapshot' })
    for (const path of [member, join(dir, 'copy')]) {
      const { kind, wal } = await open(path)
      expect([kind, wal.map(({ name }) => name[15])]).toEqual(['member', ['0', '1']])
    }
    expect(await open(join(dir, 'backup'))).toMatchObject({ kind: 'backup', etcdVersion: '3.5.30' })
    expect(await open(join(dir, 'backup/etcd.backup.gz'))).toMatchObject({ kind: 'backup', etcdVersion: '3.5.30' })
  })

  test('that is no copy is one clear error', async () => {
    mkdirSync(join(dir, 'nothing'))
    await expect(open(join(dir, 'nothing'))).rejects.toMatchObject({ code: 'PRECONDITION', hint: /data directory/ })
    await expect(open(join(dir, 'not-there'))).rejects.toMatchObject({ code: 'LOCAL_FILE', hint: /scan/ })
    await expect(open('/dev/null')).rejects.toMatchObject({ code: 'LOCAL_FILE' })
  })
})
