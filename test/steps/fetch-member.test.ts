import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Transform } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { RescueError } from '../../src/errors/rescue-error.ts'
import type { RemoteHost } from '../../src/ports/remote-host.ts'
import type { Facts } from '../../src/steps/facts.ts'
import { fetchMemberDir } from '../../src/steps/support/fetch-dir.ts'
import { pages } from './support/backups.ts'
import { node } from './support/nodes.ts'
import { contextOf, copyOf, runStep } from './support/step.ts'
import { tempDir, tempScratch } from './support/temp.ts'

const content = { 'member/snap/db': pages(400), 'member/wal/0.wal': pages(20), 'member/wal/1.tmp': Buffer.alloc(0) }
const DB_BYTES = content['member/snap/db'].length

async function scene() {
  const root = await tempDir()
  const path = join(root, 'mnt/v/data-trashcan/old')
  for (const [file, bytes] of Object.entries(content)) {
    mkdirSync(join(path, file, '..'), { recursive: true })
    writeFileSync(join(path, file), bytes)
  }
  const scratch = await tempScratch()
  const host = node('a', { root })
  const run = (on: RemoteHost = host) =>
    runStep('fetch-member', { facts: { copy: copyOf({ path }) }, world: { scratch, controlPlane: [on] } })
  return { db: join(path, 'member/snap/db'), path, scratch, host, run }
}

/** The node, with `before` called when a transfer begins and its bytes passed through. */
function during(host: RemoteHost, before: () => void, through?: () => Transform): RemoteHost {
  return {
    ...host,
    stream: async (command) => {
      before()
      const stream = await host.stream(command)
      return through ? { ...stream, stdout: stream.stdout.pipe(through()) } : stream
    },
  }
}

const fetchedFrom = (host: { calls: { argv: readonly string[] }[] }) =>
  host.calls.filter(({ argv }) => argv.at(-1)?.endsWith('/db') && /^(cat|tail)$/.test(argv[0] ?? ''))

describe('fetch-member', () => {
  test('the whole directory with its WAL; the node is only read', async () => {
    const { host, run } = await scene()
    const { fetched } = (await run()).gives as Pick<Facts, 'fetched'>
    for (const [file, bytes] of Object.entries(content).filter(([name]) => !name.endsWith('.tmp')))
      expect(readFileSync(join(fetched.dir, file)).equals(bytes)).toBe(true)
    expect(fetched.files.map(({ path }) => path)).toEqual(['member/snap/db', 'member/wal/0.wal'])
    expect(host.calls.every(({ effect }) => effect === 'read')).toBe(true)
  })

  test('goes on from the part that an earlier attempt left', async () => {
    const { host, scratch, run } = await scene()
    const part = join(await scratch.dir('fetched', 'member', 'snap'), 'db.part')
    writeFileSync(part, content['member/snap/db'].subarray(0, 1000))
    const { fetched } = (await run()).gives as Pick<Facts, 'fetched'>
    expect(fetchedFrom(host).map(({ argv }) => argv.slice(0, 3))).toEqual([['tail', '-c', '+1001']])
    expect(readFileSync(join(fetched.dir, 'member/snap/db')).equals(content['member/snap/db'])).toBe(true)
  })

  test.each([
    ['part', 'db.part', Buffer.alloc(1000)],
    ['file', 'db', Buffer.alloc(DB_BYTES)],
  ])('a %s that an earlier run left and a power cut has torn is fetched anew', async (_, name, torn) => {
    const { scratch, run } = await scene()
    writeFileSync(join(await scratch.dir('fetched', 'member', 'snap'), name), torn)
    const { notes, gives } = await run()
    const { fetched } = gives as Pick<Facts, 'fetched'>
    expect(notes[0]).toBe('what an earlier attempt left here of member/snap/db is not what the node has: fetched anew')
    expect(readFileSync(join(fetched.dir, 'member/snap/db')).equals(content['member/snap/db'])).toBe(true)
    expect(fetched.files).toEqual([
      { path: 'member/wal/0.wal', bytes: content['member/wal/0.wal'].length, sha256: expect.any(String) },
      { path: 'member/snap/db', bytes: DB_BYTES, sha256: expect.any(String) },
    ])
  })

  test('what an etcd added that ran on an earlier attempt is not taken for the copy', async () => {
    const { scratch, run } = await scene()
    const wal = await scratch.dir('fetched', 'member', 'wal')
    writeFileSync(join(wal, '2.wal'), 'of another run')
    const { fetched } = (await run()).gives as Pick<Facts, 'fetched'>
    expect(readdirSync(wal)).toEqual(['0.wal'])
    expect(fetched.files).toHaveLength(2)
  })

  test('from a copy that is to last nothing is taken, whatever became of the original', async () => {
    const { path, scratch, host } = await scene()
    const snap = await scratch.dir('aside', 'member', 'snap')
    writeFileSync(join(snap, 'db'), Buffer.alloc(DB_BYTES, 'before'))
    writeFileSync(join(snap, '1.snap'), 'gone from the node')
    const { context } = contextOf('fetch-member', { world: { scratch, controlPlane: [host] } })
    const fetching = fetchMemberDir({ ...context, onBytes: () => {} }, { host, path, id: 'a:old' }, ['aside'])
    await expect(fetching).rejects.toMatchObject({ code: 'COPY_CHANGED' })
    expect(readdirSync(snap).sort()).toEqual(['1.snap', 'db'])
    expect(readFileSync(join(snap, 'db')).equals(Buffer.alloc(DB_BYTES, 'before'))).toBe(true)
  })

  test('what lies here unsynced names the boot that it was fetched in', async () => {
    const { scratch, run } = await scene()
    const { fetched } = (await run()).gives as Pick<Facts, 'fetched'>
    expect(fetched.boot).toBe(await scratch.boot())
  })

  test('a connection that breaks is taken up where it broke', async () => {
    const { host, run } = await scene()
    let breaks = 1
    const cut = () =>
      new Transform({
        transform(chunk: Buffer, _, done) {
          if (breaks-- > 0) {
            this.push(chunk.subarray(0, 5000))
            return done(new RescueError('HOST_CONNECTION_LOST', 'the connection broke', { hint: 'resume' }))
          }
          done(null, chunk)
        },
      })
    const { notes, gives } = await run(during(host, () => {}, cut))
    expect(notes[0]).toMatch(/transfer of member\/snap\/db broke .*going on where it stopped/)
    expect(fetchedFrom(host)).toHaveLength(2)
    const { fetched } = gives as Pick<Facts, 'fetched'>
    expect(readFileSync(join(fetched.dir, 'member/snap/db')).equals(content['member/snap/db'])).toBe(true)
  })

  test.each<[string, (db: string) => void]>([
    ['grows', (db) => appendFileSync(db, 'x')],
    ['is written to', (db) => writeFileSync(db, Buffer.alloc(DB_BYTES, 'y'))],
  ])('a file that %s while it is read is refused', async (_, change) => {
    const { db, host, run } = await scene()
    const running = during(host, () => change(db))
    await expect(run(running)).rejects.toMatchObject({ code: 'COPY_CHANGED', hint: /no(t a trashed copy| etcd)/ })
  })

  test('bytes that arrive otherwise than the node has them are refused', async () => {
    const { host, run } = await scene()
    const flip = () =>
      new Transform({
        transform(chunk: Buffer, _, done) {
          const other = Buffer.from(chunk)
          other[0] = (other[0] ?? 0) ^ 1
          done(null, other)
        },
      })
    await expect(run(during(host, () => {}, flip))).rejects.toMatchObject({ code: 'COPY_CHANGED', message: /snap\/db/ })
  })

  test('a copy without a database is fetched for its log; without both it is none; and a node that the config does not name', async () => {
    const { db, run } = await scene()
    await expect(run(node('b'))).rejects.toMatchObject({ code: 'PRECONDITION', message: /node a/ })
    rmSync(db)
    expect((await run()).gives).toMatchObject({
      fetched: { files: [{ path: expect.stringContaining('member/wal/') }] },
    })
    rmSync(join(dirname(dirname(db)), 'wal'), { recursive: true })
    writeFileSync(join(dirname(db), '0.snap'), 'no log and no database')
    await expect(run()).rejects.toMatchObject({ code: 'COPY_CORRUPT', message: /neither member\/snap\/db nor a log/ })
  })
})
