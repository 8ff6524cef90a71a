import { expect, test } from 'vitest'
import { memoryClock } from '../../src/adapters/memory/clock.ts'
import { duration, waitUntil } from '../../src/engine/wait.ts'
import { RescueError } from '../../src/errors/rescue-error.ts'

const options = (over = {}) => ({
  clock: memoryClock(),
  signal: new AbortController().signal,
  loopSeconds: 10,
  onWaiting: () => {},
  next: 'etcd-rescue runs resume r1',
  safePoint: () => {},
  ...over,
})
const gone = (code: 'HOST_UNREACHABLE' | 'COPY_CORRUPT') => new RescueError(code, `${code} happened`, { hint: 'x' })

test('times out with its name and its last observation', async () => {
  const seen: string[] = []
  const waiting = waitUntil(
    {
      name: 'every member agrees on the leader',
      timeoutMs: 180_000,
      look: async () => ({ done: false, last: 'etcd-b reports no leader' }),
    },
    options({ onWaiting: (last: string, left: number) => seen.push(`${last}, ${left} s left`) }),
  )
  await expect(waiting).rejects.toMatchObject({
    code: 'TIMED_OUT',
    message: 'timed out after 3m: every member agrees on the leader — last seen: etcd-b reports no leader',
    hint: expect.stringMatching(/: etcd-rescue runs resume r1$/),
  })
  expect(seen[0]).toBe('etcd-b reports no leader, 180 s left')
  expect(seen).toHaveLength(180)
})

test('an error is an observation, unless it is fatal', async () => {
  let looks = 0
  const look = async () => {
    looks += 1
    if (looks < 3) throw gone('HOST_UNREACHABLE')
    return { done: true as const, value: looks }
  }
  expect(await waitUntil({ name: 'x', timeoutMs: 60_000, look }, options())).toBe(3)
  const fails = async () => {
    throw gone('COPY_CORRUPT')
  }
  await expect(
    waitUntil({ name: 'x', timeoutMs: 60_000, look: fails, fatal: ['COPY_CORRUPT'] }, options()),
  ).rejects.toMatchObject({ code: 'COPY_CORRUPT' })
  await expect(waitUntil({ name: 'x', timeoutMs: 60_000, look: fails }, options())).rejects.toMatchObject({
    code: 'TIMED_OUT',
    message: expect.stringContaining('COPY_CORRUPT happened'),
  })
})

test('a look that hangs does not outlive the wait', async () => {
  const hangs = { name: 'x', timeoutMs: 1, look: () => new Promise<never>(() => {}) }
  const started = Date.now()
  await expect(
    waitUntil(hangs, options({ clock: { now: () => new Date(), sleep: async () => {} } })),
  ).rejects.toMatchObject({ code: 'TIMED_OUT' })
  expect(Date.now() - started).toBeLessThan(5000)
})

test('durations are written as people say them', () => {
  expect([300, 45_000, 90_000, 180_000, 7_500_000].map(duration)).toEqual(['0.3s', '45s', '1m30s', '3m', '2h5m'])
})
