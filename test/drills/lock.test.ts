import { hostname, userInfo } from 'node:os'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { LOCK_KEY } from '../../src/engine/lock.ts'
import { buildLab, type Lab } from '../../src/lab/index.ts'
import { expectOneError, REBUILD, recover, workDirs } from '../support/failing-run.ts'
import { fastClock } from '../support/fast-clock.ts'
import { labRelease } from '../support/lab-release.ts'
import { startRescue } from '../support/rescue-process.ts'

// Each ends in seconds on a quiet machine; a busy one must not make them lie
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 })

/**
 * A cluster without an incident is enough: whoever gets past the lock finds nothing to recover (COPY_NOT_FOUND), and
 * slow nodes keep the first operator busy for as long as the test needs.
 */
const work = workDirs()
let lab: Lab

beforeAll(async () => {
  lab = await buildLab({ release: await labRelease(), workers: 0, store: 's3', speed: 10, eventsDecoy: false })
  await lab.ready()
})

afterAll(async () => {
  await lab?.close()
  work.clear()
})

const PAST_THE_LOCK = { code: 'COPY_NOT_FOUND', exit: 20, message: /no copy/, hint: /./ } as const

test('the second operator is refused and told who holds the lock, until it is broken on purpose', async () => {
  slow(3000)
  const first = startRescue(lab, work.next(), [...REBUILD, '--yes', '--confirm', lab.cluster, '--json'])
  const run = await lockThere()
  const second = work.next()
  expectOneError(await recover(lab, second), {
    code: 'LOCKED',
    exit: 20,
    message: new RegExp(`${userInfo().username} on ${hostname()} holds it for run ${run} since .*, until `),
    hint: /--break-lock/,
  })
  expect(await lockThere()).toBe(run)

  const third = startRescue(lab, work.next(), [...REBUILD, '--yes', '--confirm', lab.cluster, '--break-lock'])
  await lockThere((holder) => holder !== run)
  slow(0)
  const { code, stderr } = await third.finished
  expect(stderr).toContain(`lock broken on purpose: ${userInfo().username} on ${hostname()} holds it for run ${run}`)
  expect(stderr).toContain('COPY_NOT_FOUND')
  expect(code).toBe(20)
  expectOneError(await first.finished, PAST_THE_LOCK)
  expect(await lab.store.head(LOCK_KEY)).toBeUndefined()
})

test('of many that begin at once, one gets in', async () => {
  slow(2000)
  let left = 3
  const one = async () => {
    const run = await recover(lab, work.next())
    left -= 1
    if (left === 1) slow(0)
    return run
  }
  const runs = await Promise.all([one(), one(), one()])
  const codes = runs.map((run) => (JSON.parse(run.stdout) as { error: { code: string } }).error.code).sort()
  expect(codes).toEqual(['COPY_NOT_FOUND', 'LOCKED', 'LOCKED'])
  expect(await lab.store.head(LOCK_KEY)).toBeUndefined()
})

test('an expired lock is taken over, one that has not is not, also not by a clock that is six minutes fast', async () => {
  const lock = (minutes: number) => {
    const at = (offset: number) => new Date(Date.now() + offset * 60_000).toISOString()
    const document = { run: 'r-of-bob', user: 'bob', host: 'bobs-laptop', since: at(-10), expires: at(minutes) }
    return lab.store.write(LOCK_KEY, Buffer.from(JSON.stringify(document)))
  }
  await lock(5)
  const refused = await recover({ ...lab, env: { ...lab.env, ...fastClock(6) } }, work.next())
  expectOneError(refused, { code: 'LOCKED', exit: 20, message: /bob on bobs-laptop holds it/, hint: /ask them/ })
  await lock(-1)
  expectOneError(await recover(lab, work.next()), PAST_THE_LOCK)
  expect(await lab.store.head(LOCK_KEY)).toBeUndefined()
})

/** Every command on every node begins this much later. */
function slow(ms: number): void {
  for (const faults of Object.values(lab.faults)) faults.slowMs = ms
}

/** The run that holds the lock, as soon as one holds it that will do. */
async function lockThere(willDo: (run: string) => boolean = () => true): Promise<string> {
  const until = Date.now() + 30_000
  while (Date.now() < until) {
    const body = await lab.store.read(LOCK_KEY).then(
      (object) => object.body,
      () => undefined,
    )
    const { run } = JSON.parse(body?.toString() ?? '{}') as { run?: string }
    if (run !== undefined && willDo(run)) return run
    await new Promise((go) => setTimeout(go, 20))
  }
  throw new Error('nobody took the lock')
}
