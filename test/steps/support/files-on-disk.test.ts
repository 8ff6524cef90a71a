import { createHash } from 'node:crypto'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openPart } from '../../../src/steps/support/part-file.ts'
import { claimDatabase, sealSnapshot } from '../../../src/steps/support/seal-snapshot.ts'

let dir: string
const path = (name: string) => join(dir, name)
const { signal } = new AbortController()

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'rescue-files-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

describe('a part file', () => {
  it('has its name only when it is whole, and the bytes in order', async () => {
    const chunks = Array.from({ length: 300 }, (_, i) => Buffer.alloc(300_000 + i, i))
    const file = await openPart(path('whole'), 'w')
    await pipeline(Readable.from(chunks), file.stream)
    expect(existsSync(path('whole'))).toBe(false)
    await file.finish()
    await file.close()
    expect(readFileSync(path('whole')).equals(Buffer.concat(chunks))).toBe(true)
    expect(statSync(path('whole')).mode & 0o777).toBe(0o600)
    expect(existsSync(path('whole.part'))).toBe(false)
  })

  it('is kept when it was not finished, and gone on with', async () => {
    for (const text of ['first, ', 'second']) {
      const file = await openPart(path('later'), 'a')
      await pipeline(Readable.from([Buffer.from(text)]), file.stream)
      await file.close()
    }
    expect(readFileSync(path('later.part'), 'utf8')).toBe('first, second')
    expect(existsSync(path('later'))).toBe(false)
  })
})

describe('a database that becomes a snapshot', () => {
  const db = Buffer.alloc(3 * 4096, 'page')
  const snapshot = Buffer.concat([db, createHash('sha256').update(db).digest()])
  const claim = (stop = async () => {}) => claimDatabase(path('data'), path('snapshot.db'), stop)

  beforeEach(() => {
    mkdirSync(path('data/member/snap'), { recursive: true })
    writeFileSync(path('data/member/snap/db'), db)
  })

  it('gets its digest, and its name only then', async () => {
    const seen: number[] = []
    const made = await sealSnapshot(await claim(), path('snapshot.db'), {
      signal,
      onBytes: (total) => seen.push(total),
    })
    expect(made).toEqual({ bytes: snapshot.length, sha256: createHash('sha256').update(snapshot).digest('hex') })
    expect(seen).toEqual([db.length])
    expect(readFileSync(path('snapshot.db')).equals(snapshot)).toBe(true)
  })

  it.each([
    ['before the digest', () => {}],
    ['within the digest', () => appendFileSync(path('snapshot.db.part'), snapshot.subarray(-32, -20))],
    ['after the digest', () => appendFileSync(path('snapshot.db.part'), snapshot.subarray(-32))],
    [
      'after it had its name',
      () => {
        appendFileSync(path('snapshot.db.part'), snapshot.subarray(-32))
        renameSync(path('snapshot.db.part'), path('snapshot.db'))
      },
    ],
  ])('is the same after a crash %s', async (_when, leave) => {
    await claim()
    leave()
    const stopped: string[] = []
    await sealSnapshot(await claim(async () => void stopped.push('again')), path('snapshot.db'), { signal })
    expect(readFileSync(path('snapshot.db')).equals(snapshot)).toBe(true)
    expect(stopped).toEqual([])
  })

  it('has no name when it was stopped, and can be made again', async () => {
    const aborted = AbortSignal.abort(new Error('stopped'))
    await expect(sealSnapshot(await claim(), path('snapshot.db'), { signal: aborted })).rejects.toThrow()
    expect(existsSync(path('snapshot.db'))).toBe(false)
    await sealSnapshot(await claim(), path('snapshot.db'), { signal })
    expect(readFileSync(path('snapshot.db')).equals(snapshot)).toBe(true)
  })
})
