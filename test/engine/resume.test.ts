import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { appendFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { memoryStore } from '../../src/adapters/memory/store.ts'
import { createJournal, type Journal, LOCK_KEY, openJournal, ownMark } from '../../src/engine/index.ts'
import { readJournal } from '../../src/engine/journal-read.ts'
import { writerOf } from '../../src/engine/writer-lock.ts'
import type { ObjectStore } from '../../src/ports/object-store.ts'
import { newRun, planOf, runIt, step } from './support.ts'

const base = mkdtempSync(join(tmpdir(), 'etcd-rescue-resume-'))
afterAll(() => rmSync(base, { recursive: true }))

/** What the steps did to their world; lists, so that twice is seen. */
interface Effects {
  fetched: number
  published: string[]
  commands: string[]
  names: string[]
}

/** The shape of the real runbook: facts handed on, a name that must stay, a group, and one command that must be one. */
function incident(effects: Effects) {
  const steps = [
    step({ id: 'find', gives: ['copy'] }),
    step({
      id: 'fetch',
      effect: 'local',
      needs: ['copy'],
      gives: ['fetched'],
      act: async () => ({ fetched: `${++effects.fetched}` }),
    }),
    step({
      id: 'snapshot',
      effect: 'local',
      needs: ['fetched'],
      gives: ['file'],
      act: async ({ outgoing }) => {
        outgoing?.end('bytes')
        return { file: 'file' }
      },
    }),
    step({
      id: 'publish',
      effect: 'change',
      needs: ['file'],
      gives: ['backup'],
      act: async ({ once, settled, incoming }) => {
        const name = await once('name', () => `name-${effects.names.push('made')}`)
        for await (const _ of incoming ?? []) void _
        await settled
        effects.published.push(name as string)
        return { backup: name }
      },
      happened: async ({ recall }) => {
        const name = recall('name') as string
        return effects.published.includes(name) ? { backup: name } : undefined
      },
    }),
    step({
      id: 'trigger',
      effect: 'irreversible',
      needs: ['backup'],
      gives: ['command'],
      act: async ({ needs }) => {
        effects.commands.push(needs.backup)
        return { command: 'given' }
      },
      happened: async () => (effects.commands.length > 0 ? { command: 'given' } : undefined),
    }),
    step({ id: 'watch', needs: ['command'], gives: ['restored'] }),
  ]
  return planOf(steps, '  - id: find\n  - id: fetch\n  - together: [snapshot, publish]\n  - id: trigger\n  - id: watch')
}

const noEffects = (): Effects => ({ fetched: 0, published: [], commands: [], names: [] })

/** SIGKILL at the n-th line: before it is written, with a half of it written, or right after it. */
type When = 'before' | 'half' | 'after'

function dying(journal: Journal, dir: string, at: number, when: When): { journal: Journal; dead: () => boolean } {
  let count = 0
  let dead = false
  const before: Promise<void>[] = []
  const append: Journal['append'] = async (record, options) => {
    if (dead) throw new Error('killed')
    count += 1
    if (count < at) {
      const written = journal.append(record, options)
      before.push(written)
      return written
    }
    dead = true
    // steps that run together write, too: what was begun before is there, and nothing comes after half a line
    await Promise.allSettled(before)
    if (when === 'after') await journal.append(record, options)
    const line = JSON.stringify({ at: new Date(0).toISOString(), ...record })
    if (when === 'half') await appendFile(join(dir, 'journal.ndjson'), line.slice(0, line.length / 2))
    throw new Error('killed')
  }
  return { journal: { ...journal, append }, dead: () => dead }
}

/** A killed process does not give its lock back. */
const keepingLock = (store: ObjectStore, dead: () => boolean): ObjectStore => ({
  ...store,
  remove: async (key, options) => {
    if (key !== LOCK_KEY || !dead()) await store.remove(key, options)
  },
})

async function killedAndResumed(at: number, when: When) {
  const effects = noEffects()
  const plan = incident(effects)
  const workDir = mkdtempSync(join(base, 'run-'))
  const store = memoryStore()
  const real = await createJournal(workDir, newRun(plan))
  const { journal, dead } = dying(real, real.dir ?? '', at, when)
  await runIt(plan, { journal, world: { store: keepingLock(store, dead) } })
  await real.close()
  const reached = dead()
  const reopened = await openJournal(workDir, real.header.run)
  const { result } = await runIt(plan, { journal: reopened, world: { store } })
  await reopened.close()
  return { effects, result, reached }
}

describe('killed at every line of the journal, and resumed', () => {
  test.each(['before', 'half', 'after'] as const)('%s the line', async (when) => {
    let at = 1
    for (; at < 200; at += 1) {
      const { effects, result, reached } = await killedAndResumed(at, when)
      const where = `killed ${when} line ${at}`
      expect(result.status, where).toBe('succeeded')
      // A name may be made twice when its line was lost, but then the first was never used.
      expect(effects.published, where).toHaveLength(1)
      expect(effects.commands, where).toEqual(effects.published)
      expect(result.facts, where).toMatchObject({ backup: effects.published[0], command: 'given', file: 'file' })
      if (!reached) break
    }
    expect(at).toBeGreaterThan(20)
  })
})

describe('the journal as a file', () => {
  async function finished() {
    const plan = incident(noEffects())
    const workDir = mkdtempSync(join(base, 'file-'))
    const journal = await createJournal(workDir, newRun(plan))
    await runIt(plan, { journal })
    await journal.close()
    return { workDir, id: journal.header.run, path: join(journal.dir ?? '', 'journal.ndjson') }
  }

  test('cut off at any byte it is still read, up to its last whole line', async () => {
    const { workDir, id, path } = await finished()
    const whole = readFileSync(path)
    const header = whole.indexOf(0x0a) + 1
    let last = -1
    for (let length = header; length <= whole.length; length += 1) {
      const atLineEnd = whole.subarray(Math.max(0, length - 2), length + 2).includes(0x0a)
      if (!atLineEnd && length % 17 !== 0) continue
      writeFileSync(path, whole.subarray(0, length))
      const { records, goodBytes } = await readJournal(workDir, id)
      expect(goodBytes).toBeLessThanOrEqual(length)
      expect(records.length).toBeGreaterThanOrEqual(last)
      last = records.length
    }
    for (const length of [0, 1, header - 1]) {
      writeFileSync(path, whole.subarray(0, length))
      await expect(readJournal(workDir, id)).rejects.toMatchObject({ code: 'JOURNAL_INVALID' })
    }
  })

  test('a torn last line is cut off when the run goes on, so that it is not damage in the middle later', async () => {
    const { workDir, id, path } = await finished()
    await appendFile(path, '{"at":"2024-03-2')
    const journal = await openJournal(workDir, id)
    await journal.append({ type: 'event', step: 'x', line: 'later' }, { flush: true })
    await journal.close()
    const { records } = await readJournal(workDir, id)
    expect(records.at(-1)).toMatchObject({ type: 'event', line: 'later' })
  })

  test('damage in the middle is refused', async () => {
    const { workDir, id, path } = await finished()
    const lines = readFileSync(path, 'utf8').split('\n')
    writeFileSync(path, lines.with(3, 'garbage').join('\n'))
    await expect(openJournal(workDir, id)).rejects.toMatchObject({ code: 'JOURNAL_INVALID', exitCode: 20 })
  })

  test('a second process cannot write the same run, and one that died leaves no lock behind', async () => {
    const { workDir, id } = await finished()
    const journal = await openJournal(workDir, id)
    await expect(openJournal(workDir, id)).rejects.toMatchObject({ code: 'LOCKED' })
    await journal.close()
    writeFileSync(join(journal.dir ?? '', 'writer.lock'), `${ownMark().replace(/ \d+ /, ' 999999999 ')} dead\n`)
    await (await openJournal(workDir, id)).close()
  })

  test.each([
    ['a living process', (mark: string) => mark],
    ['no process', (mark: string) => mark.replace(/ \d+ /, ' 999999999 ')],
  ])(
    'in a container beside, where its number is here that of %s, it may live: only an operator knows',
    async (_what, number) => {
      const { workDir, id } = await finished()
      const dir = join(workDir, 'runs', id)
      const lock = join(dir, 'writer.lock')
      const elsewhere = number(ownMark()).replace(/-\w+ /, '-4026532999 ')
      writeFileSync(lock, `${elsewhere} 00\n`)
      await expect(openJournal(workDir, id)).rejects.toMatchObject({
        code: 'LOCKED',
        exitCode: 20,
        message: expect.stringMatching(
          /in another container .*-4026532999\): whether it still runs cannot be seen from here/,
        ),
        hint: expect.stringContaining(`runs resume ${id} --break-lock`),
      })
      expect(readFileSync(lock, 'utf8')).toBe(`${elsewhere} 00\n`)
      expect(await writerOf(dir)).toBe('elsewhere')
      await (await openJournal(workDir, id, { breakLock: true })).close()
      expect(readdirSync(dir)).toEqual(['journal.ndjson'])
    },
  )

  test('--break-lock takes no run from a process that can be seen to live', async () => {
    const { workDir, id } = await finished()
    const journal = await openJournal(workDir, id)
    await expect(openJournal(workDir, id, { breakLock: true })).rejects.toMatchObject({ code: 'LOCKED' })
    await journal.close()
  })
})
