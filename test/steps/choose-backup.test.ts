import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { memoryPrompter } from '../../src/adapters/memory/prompter.ts'
import { memoryStore } from '../../src/adapters/memory/store.ts'
import { RescueError } from '../../src/errors/rescue-error.ts'
import type { ObjectInfo, ObjectStore } from '../../src/ports/object-store.ts'
import type { Prompter } from '../../src/ports/prompter.ts'
import { addBackup, sealedPages } from './support/backups.ts'
import { kvClient, liveAs } from './support/kv-client.ts'
import { memberDir, putPods } from './support/member-dir.ts'
import { runStep } from './support/step.ts'
import { tempScratch } from './support/temp.ts'

const FULL = '2024-03-21T12:00:00Z-000001'
const LATER = '2024-03-21T12:15:00Z-000002'
const EMPTY = ['2024-03-21T13:00:00Z-000003', '2024-03-21T13:15:00Z-000004']

let dir: string
let full: Buffer
let later: Buffer
let empty: Buffer
let many: Buffer
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rescue-step-'))
  const save = async (member: Parameters<Parameters<typeof memberDir>[1]>[0]) =>
    gzipSync(await buffer(await member.client.snapshot()), { level: 1 })
  await memberDir(join(dir, 'full'), async (member) => {
    await putPods(member, 0, 80)
    full = await save(member)
    await putPods(member, 80, 90)
    later = await save(member)
  })
  await memberDir(join(dir, 'empty'), async (member) => {
    await putPods(member, 0, 2)
    empty = await save(member)
  })
  await memberDir(join(dir, 'many'), async (member) => {
    await putPods(member, 0, 2100)
    many = await save(member)
  })
}, 60_000)
afterAll(() => rm(dir, { recursive: true, force: true }))

/** After the incident: backups of the lost cluster, and newer ones of the empty one. */
async function afterwards(): Promise<ObjectStore> {
  const store = memoryStore()
  await addBackup(store, FULL, full)
  await addBackup(store, LATER, later)
  for (const name of EMPTY) await addBackup(store, name, empty)
  return store
}

interface Asked {
  store: ObjectStore
  backup?: string
  prompter?: Prompter
  liveKeys?: number
}

async function choose({ store, backup, prompter, liveKeys = 2 }: Asked) {
  const keys = Object.fromEntries(Array.from({ length: liveKeys }, (_, at) => [`/registry/pods/default/p${at}`, 'x']))
  const scratch = await tempScratch()
  const world = { store, scratch, live: liveAs(() => kvClient(keys)), ...(prompter ? { prompter } : {}) }
  const done = await runStep('choose-backup', { inputs: backup === undefined ? {} : { backup }, world })
  expect(await readdir(scratch.peek()).catch(() => [])).toEqual([])
  return done
}

describe('choose-backup', () => {
  test('takes the newest one of the lost cluster, although newer ones of the empty cluster exist', async () => {
    const store = await afterwards()
    const { gives, tables, notes } = await choose({ store })
    expect(gives).toEqual({ backup: { name: LATER, store: store.url, bytes: later.length, etcdVersion: '3.5.30' } })
    expect(tables[0]?.map(([name]) => name)).toEqual(['backup', ...[...EMPTY].reverse(), LATER, FULL])
    expect(notes.join('\n')).toMatch(/revision 91.*\n.*written after 2024-03-21 12:15 UTC/)
  })

  test('goes past one that is damaged, and says so', async () => {
    const store = await afterwards()
    await addBackup(store, LATER, later.subarray(0, later.length >> 1))
    const { gives, tables } = await choose({ store })
    expect(gives).toMatchObject({ backup: { name: FULL } })
    expect(tables[0]?.find(([name]) => name === LATER)?.at(-1)).toMatch(/gzip is cut/)
  })

  test('restores the one that is named, whatever its age', async () => {
    expect((await choose({ store: await afterwards(), backup: FULL })).gives).toMatchObject({ backup: { name: FULL } })
  })

  test('one that is named and cannot be restored is BACKUP_INVALID before anything is touched', async () => {
    const store = await afterwards()
    await addBackup(store, 'by-hand', sealedPages(40))
    await expect(choose({ store, backup: 'by-hand' })).rejects.toMatchObject({ code: 'BACKUP_INVALID' })
    await expect(choose({ store, backup: 'none' })).rejects.toMatchObject({ code: 'OBJECT_MISSING' })
  })

  test('a running cluster that holds about as much is not replaced without being told to', async () => {
    const store = await afterwards()
    await expect(choose({ store, liveKeys: 80 })).rejects.toMatchObject({
      code: 'ANSWER_MISSING',
      hint: expect.stringContaining(`--backup ${LATER}`),
    })
    expect((await choose({ store, liveKeys: 80, backup: LATER })).gives).toMatchObject({ backup: { name: LATER } })
  })

  test('asks on a terminal, with the proposed one chosen already', async () => {
    const prompter: Prompter = {
      ...memoryPrompter(),
      interactive: true,
      select: async (_, choices, options) => {
        expect(options).toMatchObject({ flag: '--backup', default: LATER })
        return choices.at(-1)?.value as never
      },
    }
    expect((await choose({ store: await afterwards(), prompter })).gives).toMatchObject({ backup: { name: FULL } })
  })

  /** As S3 has it after a lifecycle rule: named in listings, and not given out. */
  const archive = (store: ObjectStore, archived: string[]): ObjectStore => {
    const mark = (info: ObjectInfo): ObjectInfo =>
      archived.some((name) => info.key.startsWith(`${name}/`) && info.key.endsWith('.gz'))
        ? { ...info, archived: { isRestoring: false, hint: `restore it first: aws ${info.key}` } }
        : info
    return {
      ...store,
      list: async (...args) => (await store.list(...args)).map(mark),
      head: async (key) => {
        const info = await store.head(key)
        return info && mark(info)
      },
      stream: async (key, options) => {
        expect(archived.some((name) => key.startsWith(name))).toBe(false)
        return store.stream(key, options)
      },
    }
  }

  test('goes past one that is archived, and says that it is newer and how to get it', async () => {
    const { gives, notes } = await choose({ store: archive(await afterwards(), [LATER]) })
    expect(gives).toMatchObject({ backup: { name: FULL } })
    expect(notes.join('\n')).toContain(`careful: ${LATER} is newer. archived: restore it first`)
    expect(notes.join('\n')).toContain(`aws ${LATER}/etcd.backup.gz`)
  })

  test('does not take the empty one where the good ones are archived: it names the newest of them and its command', async () => {
    const store = archive(await afterwards(), [FULL, LATER])
    const hint = expect.stringContaining(`aws ${LATER}/etcd.backup.gz`)
    await expect(choose({ store })).rejects.toMatchObject({ code: 'ANSWER_MISSING', message: /far larger/, hint })
    await expect(choose({ store, backup: LATER })).rejects.toMatchObject({ code: 'OBJECT_ARCHIVED', hint })
  })

  test('an older one that is archived, however large, keeps nobody from a newer one that is full', async () => {
    const store = await afterwards()
    await addBackup(store, 'later', many)
    await addBackup(store, FULL, Buffer.concat([many, Buffer.alloc(3 * many.length)]))
    const { gives } = await choose({ store: archive(store, [FULL]) })
    expect(gives).toMatchObject({ backup: { name: 'later' } })
  })

  test('where all are refused, the hint says which right is needed', async () => {
    const hint = 'it needs s3:GetObject'
    const refuse = async (key: string): Promise<never> => {
      throw new RescueError('OBJECT_UNREADABLE', `${key} cannot be read: AccessDenied`, { hint })
    }
    const store = { ...(await afterwards()), read: refuse, stream: refuse }
    await expect(choose({ store })).rejects.toMatchObject({
      code: 'COPY_NOT_FOUND',
      hint: expect.stringMatching(new RegExp(`${EMPTY.at(-1)} cannot be read .*AccessDenied.*${hint}`)),
    })
  })

  test('no backup at all is COPY_NOT_FOUND', async () => {
    await expect(choose({ store: memoryStore() })).rejects.toMatchObject({ code: 'COPY_NOT_FOUND' })
  })
})
