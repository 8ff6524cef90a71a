import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest'
import { putKey } from '../../src/lab/etcd/kv.ts'
import { buildLab, type Incident, incident, type Lab, survey } from '../../src/lab/index.ts'
import { podValue } from '../../src/lab/kube-kinds.ts'
import { nodeOf, onNode } from '../lab/support/lab.ts'
import { answersFor, expectRecovered, workDirs } from '../support/failing-run.ts'
import { labRelease } from '../support/lab-release.ts'
import { type Finished, journalLines, runRescue } from '../support/rescue-process.ts'

// Each ends in a minute on a quiet machine; a busy one must not make them lie
vi.setConfig({ testTimeout: 600_000, hookTimeout: 300_000 })

const work = workDirs()
let lab: Lab
let before: Incident
let informers: Awaited<ReturnType<Lab['startInformers']>>

/** The empty cluster has gone on until its revision is above that of all that was lost, and everybody has seen it. */
beforeEach(async () => {
  lab = await buildLab({ release: await labRelease(), workers: 1, store: 'file', speed: 10, eventsDecoy: false })
  before = await incident(lab, { keys: 300, sizeBytes: 200_000, seed: 9 })
  const stands = await raise(before.revision + 500)
  informers = await lab.startInformers()
  const isWatching = () => informers.map((one) => one.watches() && (one.version() ?? 0) >= stands)
  await expect.poll(isWatching, { timeout: 60_000 }).toEqual(all(true))
})
afterEach(() => lab?.close())
afterAll(() => work.clear())

const all = <T>(value: T): T[] => informers.map(() => value)

/** Writes one key until the cluster is at this revision, so that it stays nearly empty. */
async function raise(to: number): Promise<number> {
  const gateway = lab.etcd()
  let at = 0
  const writer = async () => {
    while (at < to) at = Math.max(at, await putKey(gateway, '/registry/configmaps/kube-system/lock', 'k8s\0'))
  }
  await Promise.all(Array.from({ length: 16 }, writer)).finally(gateway.close)
  return at
}

/** Creates a pod as an API server would, after the recovery. */
async function create(name: string): Promise<number> {
  const gateway = lab.etcd()
  const value = podValue(name, { namespace: 'web', node: 'w1', uid: name })
  return putKey(gateway, `/registry/pods/web/${name}`, value).finally(gateway.close)
}

const ofProgram = (name: string) => informers.filter((one) => one.name.startsWith(name))
const who = (those: typeof informers) => those.map(({ name }) => name)
const knowing = (pod: string) => who(informers.filter((one) => one.knows().includes(pod)))
const resultOf = (run: Finished) => JSON.parse(run.stdout)

/** What the only run of a work directory found out, and what each of its steps said. */
function toldBy(dir: string) {
  const lines = journalLines(dir) as { type: string; step?: string; facts?: object; line?: string }[]
  const notes: Record<string, string[]> = {}
  for (const { type, step = '', line = '' } of lines) if (type === 'event') notes[step] = [...(notes[step] ?? []), line]
  return { facts: Object.assign({}, ...lines.map(({ facts }) => facts)) as Record<string, unknown>, notes }
}
const statusOf = (run: Finished, step: string) =>
  resultOf(run).steps.find(({ id }: { id: string }) => id === step)?.status

test('recover seeds from the same directories with the bump, and every watch begins anew', async () => {
  const run = await runRescue(lab, work.next(), ['recover', ...answersFor(lab)])
  expectRecovered(run)
  const { proposal, alternatives } = resultOf(run)
  const tokens = Object.values(before.trashed).flat()
  expect(proposal).toMatchObject({ method: 'seed-in-place' })
  expect(tokens).toContain(proposal.source.token)
  expect(alternatives[0]).toMatchObject({
    ...{
      method: 'return-in-place',
      possible: true,
      why: expect.stringMatching(/revisions would go backwards: what ran since stands at [\d,]+, this generation at /),
    },
    revisions: { isBackwards: true },
  })
  const { leasesKept, writesLost, keys, digest } = await survey(lab, before)
  expect({ leasesKept, writesLost, keys, digest }).toEqual({ leasesKept: 5, writesLost: 0, ...before.expected })
  await create('after')
  await expect.poll(() => knowing('after'), { timeout: 60_000 }).toEqual(who(informers))
  // told 410, each once, also those that no step restarts
  expect(informers.map(({ expired }) => expired)).toEqual(all(1))
})

test('a return all the same restarts who would wait in silence, and names the rest', async () => {
  const dir = work.next()
  const run = await runRescue(lab, dir, ['recover', '--method', 'return-in-place', ...answersFor(lab)])
  expectRecovered(run)
  expect([statusOf(run, 'restart-control-loop'), statusOf(run, 'restart-kubelets')]).toEqual(['done', 'done'])
  const { facts, notes } = toldBy(dir)
  expect(facts.backwards).toMatchObject({ isBackwards: true })
  expect(notes['choose-generation']).toContainEqual(expect.stringMatching(/^careful: revisions would go backwards/))
  const named = /^not restarted, and they wait .*: kube-proxy, the network plugin .* and every operator/
  expect(notes['restart-kubelets']).toContainEqual(expect.stringMatching(named))

  const proxies = ofProgram('kube-proxy')
  const others = informers.filter((one) => !proxies.includes(one))
  // no error tells them: their watch is accepted
  await expect.poll(() => informers.map((one) => one.watches()), { timeout: 60_000 }).toEqual(all(true))
  await create('after')
  const revision = await create('later')
  await expect.poll(() => knowing('later'), { timeout: 60_000 }).toEqual(who(others))
  expect(knowing('after')).toEqual(who(others))
  const waiting = proxies.map((one) => [one.expired, one.watches(), (one.version() ?? 0) > revision])
  expect(waiting).toEqual([[0, true, true]])

  // as its owner is told to
  await onNode(nodeOf(lab, 'w1'), 'systemctl', 'restart', 'kube-proxy')
  await expect.poll(() => knowing('after'), { timeout: 60_000 }).toEqual(who(informers))
})
