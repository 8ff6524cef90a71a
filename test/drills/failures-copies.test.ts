import { execFileSync } from 'node:child_process'
import { appendFileSync, closeSync, openSync, readdirSync, rmSync, statfsSync, truncateSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { buildLab, type Incident, incident, type Lab, measure } from '../../src/lab/index.ts'
import {
  answersFor,
  expectNothingHalfDone,
  expectOneError,
  expectRecovered,
  REBUILD,
  recover,
  resume,
  workDirs,
} from '../support/failing-run.ts'
import { labRelease } from '../support/lab-release.ts'
import { runRescue, runsIn, startRescue } from '../support/rescue-process.ts'
import { extraCopy, originalsOf } from '../support/trashed.ts'

// Each ends in seconds on a quiet machine; a busy one must not make them lie
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 })

const work = workDirs()
let lab: Lab
let before: Incident
let originals: Record<string, string>
/** `<node>:<token>` of the copy that reaches furthest: another member's may lack the last writes. */
let best: string

beforeAll(async () => {
  lab = await buildLab({ release: await labRelease(), workers: 1, store: 'file', speed: 10, eventsDecoy: false })
  before = await incident(lab, { keys: 300, sizeBytes: 200_000, seed: 3 })
  originals = originalsOf(lab, before)
  const { source } = JSON.parse((await recover(lab, work.next(), '--dry-run')).stdout)
  best = `${source.node}:${source.token}`
})

afterAll(async () => {
  await lab?.close()
  work.clear()
})

async function nothingHappened(workDir: string) {
  await expectNothingHalfDone(lab, workDir)
  expect(originalsOf(lab, before)).toEqual(originals)
}

type ExtraCopy = ReturnType<typeof extraCopy>

/** A copy of the original that reaches furthest, damaged, for as long as the body runs. */
async function withCopy(token: string, damage: (copy: ExtraCopy) => void, body: (copy: ExtraCopy) => Promise<void>) {
  const [node = ''] = best.split(':')
  const copy = extraCopy(lab, before, node, token)
  try {
    damage(copy)
    await body(copy)
  } finally {
    copy.remove()
  }
}

function overwrite(path: string, at: number, bytes: Buffer): void {
  const file = openSync(path, 'r+')
  writeSync(file, bytes, 0, bytes.length, at)
  closeSync(file)
}

const CHOOSE_ANOTHER = /--copy/

// other ways to be damaged: test/steps/check-copy and test/bolt
test.each([
  ['truncated in the middle', ({ db }: ExtraCopy) => truncateSync(db, 64 * 1024)],
  ['missing', ({ db }: ExtraCopy) => rmSync(db)],
] as const)(
  'a db that is %s, beside a log that is damaged from its beginning',
  async (_what, damage) => {
    const both = (copy: ExtraCopy) => {
      damage(copy)
      for (const wal of copy.wals()) overwrite(wal, 600, Buffer.alloc(4096, 0xff))
    }
    await withCopy('damaged-db', both, async ({ id }) => {
      const dir = work.next()
      const run = await recover(lab, dir, '--copy', id)
      const message = /does not come back in full.* and [abc]:/
      expectOneError(run, { code: 'PRECONDITION', exit: 20, message, hint: CHOOSE_ANOTHER, step: 'restore-locally' })
      await nothingHappened(dir)
    })
  },
  300_000,
)

test('a db that is lost, beside the whole log of a young cluster: it is made anew from it', async () => {
  const lose = ({ db }: ExtraCopy) => truncateSync(db, 0)
  await withCopy('lost-db', lose, async ({ id }) => {
    expectRecovered(await recover(lab, work.next(), '--copy', id))
    expect(await measure(lab, before.uncertain)).toEqual(before.expected)
    expect(originalsOf(lab, before)).toEqual(originals)
  })
})

test('a file that changes while it is read', async () => {
  await withCopy(
    'still-written',
    () => undefined,
    async ({ id, db }) => {
      const writing = setInterval(() => appendFileSync(db, 'more'), 20)
      const dir = work.next()
      const run = await recover(lab, dir, '--copy', id).finally(() => clearInterval(writing))
      expectOneError(run, {
        code: 'COPY_CHANGED',
        exit: 30,
        message: /snap\/db (changed|grew) while it was read/,
        hint: /no etcd is running|choose/,
        step: 'fetch-member',
      })
      await nothingHappened(dir)
    },
  )
})

test('a WAL that is damaged: refused while another copy has more, and db alone with consent', async () => {
  const damage = ({ wals }: ExtraCopy) => {
    for (const wal of wals()) overwrite(wal, 20_000, Buffer.alloc(4096, 0xff))
  }
  await withCopy('damaged-wal', damage, async ({ id }) => {
    const dir = work.next()
    const asked = await runRescue(lab, dir, [...REBUILD, '--confirm', lab.cluster, '--json', '--copy', id])
    // another member's database may hold more than this one's, or less: either way it is no silent loss
    const { error } = JSON.parse(asked.stdout)
    expect(asked.code, asked.stderr).toBe(20)
    expect(error.message).toMatch(/crc mismatch/)
    expect(error.hint).toMatch(/--copy [abc]:|--set way=db/)
    await nothingHappened(dir)
    const agreed = await recover(lab, work.next(), '--copy', id, '--set', 'way=db')
    expectRecovered(agreed)
    expect((await measure(lab, before.uncertain)).keys).toBeLessThanOrEqual(before.expected.keys)
    expect(originalsOf(lab, before)).toEqual(originals)
  })
})

/** Room for what a run keeps free, the 64 MiB of a WAL and more. */
const DISK_BYTES = 900 << 20

test('a disk that is full before and during the transfer', async (context) => {
  const dir = work.next()
  const problem = mountDisk(dir)
  if (problem !== undefined) return context.skip(problem)
  try {
    const ballast = join(dir, 'ballast')
    execFileSync('fallocate', ['-l', String(700 << 20), ballast])
    // which one is said: a recovery of another test left a second cluster with the same data in the trashcans
    const none = await recover(lab, dir, '--copy', best)
    const expected = { code: 'DISK_FULL', exit: 30, hint: /--work-dir/ } as const
    // known beforehand: nothing was fetched
    expectOneError(none, { ...expected, message: /MB free where .* MB are needed/, step: 'choose-copy' })
    rmSync(ballast)
    const { finished } = startRescue(lab, dir, ['runs', 'resume', ...answersFor(lab)])
    await fillDuringTransfer(dir, ballast)
    expectOneError(await finished, { ...expected, message: /no room left .* while writing/, step: 'fetch-member' })
    rmSync(ballast)
    await nothingHappened(dir)
    expectRecovered(await resume(lab, dir))
    expect(await measure(lab, before.uncertain)).toEqual(before.expected)
    expect(originalsOf(lab, before)).toEqual(originals)
  } finally {
    execFileSync('umount', ['-l', dir])
  }
})

/** Why there can be no small disk here, or undefined when it is mounted. */
function mountDisk(dir: string): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can mount a small disk'
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES},mode=0700`, 'tmpfs', dir], { stdio: 'pipe' })
    return undefined
  } catch (error) {
    return `this machine does not allow mounts: ${String(error).split('\n')[0]}`
  }
}

/** Takes all room but a little for the journal, as soon as the first file arrives. */
async function fillDuringTransfer(dir: string, ballast: string): Promise<void> {
  const [run = ''] = runsIn(dir)
  const until = Date.now() + 60_000
  while (Date.now() < until && !isThere(join(dir, 'runs', run, 'scratch/fetched/member')))
    await new Promise((go) => setTimeout(go, 2))
  const { bavail, bsize } = statfsSync(dir)
  execFileSync('fallocate', ['-l', String(bavail * bsize - (4 << 20)), ballast])
}

function isThere(path: string): boolean {
  try {
    return readdirSync(path).length >= 0
  } catch {
    return false
  }
}
