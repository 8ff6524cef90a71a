import { afterAll, afterEach, expect, test, vi } from 'vitest'
import { putKey } from '../../src/lab/etcd/kv.ts'
import { buildLab, type Incident, incident, type Lab } from '../../src/lab/index.ts'
import { podValue } from '../../src/lab/kube-kinds.ts'
import { answersFor, expectRecovered, workDirs } from '../support/failing-run.ts'
import { labRelease } from '../support/lab-release.ts'
import { journalLines, runRescue } from '../support/rescue-process.ts'
import { type Served, startWatch, type WatchClient } from '../support/watch-client.ts'

// Each ends in a minute on a quiet machine; a busy one must not make them lie
vi.setConfig({ testTimeout: 600_000, hookTimeout: 60_000 })

const work = workDirs()
let lab: Lab | undefined
let watch: WatchClient | undefined

afterEach(async () => {
  await watch?.close()
  await lab?.close()
})
afterAll(() => work.clear())

/** The incident under the eyes of a watch client, a recovery by this method, and one write after it. */
async function recoveredBy(method: string) {
  lab = await buildLab({ release: await labRelease(), workers: 0, store: 'file', speed: 10, eventsDecoy: false })
  await lab.ready()
  watch = startWatch(lab)
  const before = await incident(lab, { keys: 300, sizeBytes: 200_000, seed: 9 })
  const informers = await lab.startInformers()
  await expect.poll(() => informers.every((one) => one.watches()), { timeout: 30_000 }).toBe(true)
  const began = Date.now()
  const emptyId = await idNow(watch, before)
  const dir = work.next()
  expectRecovered(await runRescue(lab, dir, ['recover', '--method', method, ...answersFor(lab)]))
  const written = await lastWrite(lab)
  const deaf = () => informers.filter((one) => !one.knows().includes('after')).map(({ name }) => name)
  await expect.poll(deaf, { timeout: 60_000 }).toEqual([])
  await expect.poll(() => watch?.served.at(-1)?.revision, { timeout: 30_000 }).toBeGreaterThanOrEqual(written)
  const seen = highest(watch.served, began)
  const since = watch.served.filter(({ at, clusterId }) => at >= began && clusterId !== emptyId)
  return { before, seen, since, restarted: restartedBy(dir) }
}

/** The client was moved to the empty cluster: that it is told lower revisions there is the incident's harm. */
async function idNow({ served }: WatchClient, { clusterId, revision }: Incident): Promise<string> {
  await expect.poll(() => served.at(-1)?.clusterId, { timeout: 30_000 }).not.toBe(clusterId)
  const last = served.at(-1) as Served
  expect(last.revision).toBeLessThan(revision)
  return last.clusterId
}

const highest = (served: readonly Served[], until: number): number =>
  Math.max(...served.filter(({ at }) => at < until).map(({ revision }) => revision))

async function lastWrite(on: Lab): Promise<number> {
  const gateway = on.etcd()
  const value = podValue('after', { namespace: 'web', node: 'w1', uid: 'after' })
  return putKey(gateway, '/registry/pods/web/after', value).finally(gateway.close)
}

/** The steps that restart clients of the API servers, of those that ran. */
const restartedBy = (dir: string): string[] =>
  journalLines(dir).flatMap(({ type, step = '' }) =>
    type === 'acting' && /^restart-(control-loop|kubelets)$/.test(step) ? [step] : [],
  )

/** From the first answer on, each at least as high as all that were seen before. */
function expectNeverLower(since: readonly Served[], seen: number): void {
  expect(since.length).toBeGreaterThan(0)
  let high = seen
  for (const { revision: told, compactRevision, node, at } of since) {
    // an answer that something is compacted carries that revision, and 0 in its header
    const revision = compactRevision > 0 ? compactRevision : told
    expect(revision, `node ${node} at ${new Date(at).toISOString()}`).toBeGreaterThanOrEqual(high)
    high = Math.max(high, revision)
  }
}

test('after return-in-place a watch goes on where it was, never with a lower revision', async () => {
  const { before, seen, since, restarted } = await recoveredBy('return-in-place')
  expect(restarted).toEqual([])
  expect(seen).toBeGreaterThan(300)
  expectNeverLower(since, seen)
  expect(new Set(since.map(({ clusterId }) => clusterId))).toEqual(new Set([before.clusterId]))
  expect(since.filter(({ compactRevision }) => compactRevision > 0)).toEqual([])
  expect(since.some(({ events }) => events > 0)).toBe(true)
})

test('after seed-in-place it is told that its revision is compacted, and never a lower one', async () => {
  const { seen, since, restarted } = await recoveredBy('seed-in-place')
  expect(restarted).toEqual([])
  expectNeverLower(since, seen)
  expect(since.filter(({ compactRevision }) => compactRevision > seen)).toHaveLength(1)
  expect(since.at(-1)?.events).toBeGreaterThan(0)
})
