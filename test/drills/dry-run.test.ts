import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { buildLab, type Incident, incident, type Lab } from '../../src/lab/index.ts'
import { pathsOf } from '../../src/lab/layout.ts'
import { REBUILD, workDirs } from '../support/failing-run.ts'
import { labRelease } from '../support/lab-release.ts'
import { runRescue } from '../support/rescue-process.ts'
import { stepsOf } from '../support/runbook-steps.ts'
import { digestsOf, rootOf } from '../support/trashed.ts'

// Each ends in seconds on a quiet machine; a busy one must not make them lie
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 })

const work = workDirs()
let lab: Lab
let before: Incident

beforeAll(async () => {
  lab = await buildLab({ release: await labRelease(), workers: 1, store: 's3', speed: 10, eventsDecoy: true })
  before = await incident(lab, { keys: 300, sizeBytes: 200_000, seed: 6 })
  await lab.pauseApiservers(true)
})

afterAll(async () => {
  await lab?.close()
  work.clear()
})

test('a dry run reads everything and changes nothing', async () => {
  const [trees, store] = [treesNow(), await storeNow()]
  const dir = work.next()
  // no answers: a dry run asks nothing
  const run = await runRescue(lab, dir, [...REBUILD, '--dry-run', '--json'])
  expect(run.code, run.stderr).toBe(0)
  const result = JSON.parse(run.stdout) as { status: string; steps: { id: string; status: string }[]; source: object }
  expect(result.status).toBe('dry-run')
  const statuses = Object.fromEntries(result.steps.map(({ id, status }) => [id, status]))
  expect(Object.keys(statuses)).toEqual((await stepsOf('rebuild-from-trashcan')).map(({ id }) => id))
  expect(statuses).toMatchObject({ 'discover-trashcan': 'done', 'choose-copy': 'done', 'trigger-restore': 'withheld' })
  expect(result.steps.filter(({ status }) => status === 'failed')).toEqual([])
  expect(Object.values(before.trashed).flat()).toContain((result.source as { token: string }).token)

  expect(treesNow()).toEqual(trees)
  expect(await storeNow()).toEqual(store)
  expect(readdirSync(dir)).toEqual([])
})

test('a dry run shows what it read and what it withheld', async () => {
  const dir = work.next()
  const { code, stderr } = await runRescue(lab, dir, [...REBUILD, '--dry-run', '--verbose'])
  expect(code, stderr).toBe(0)
  expect(stderr).toMatch(/^ +\$ [abc]: /m)
  expect(stderr).toMatch(/^ +! [abw]1?: .*(crictl|systemctl)/m)
  expect(stderr).not.toMatch(/^ +\$ .*(systemctl restart|crictl stop)/m)
  expect(readdirSync(dir)).toEqual([])
})

/** Every file of every node, but what its own etcd, etcd-manager and kubelet write as they run. */
function treesNow(): Record<string, string> {
  const own = lab.nodes.flatMap((node) => {
    const paths = pathsOf(node)
    return [paths.logs, join(paths.mainVolume, 'data'), paths.tmp]
  })
  return digestsOf(
    lab.nodes.map(({ name }) => rootOf(lab, name)),
    (path) => own.includes(path),
  )
}

/** Every object with its version, but the backups that etcd-manager takes by itself all the time. */
async function storeNow(): Promise<string[]> {
  const objects = await lab.store.list('')
  return objects.filter(({ key }) => !/^\d{4}-\d\d-\d\dT/.test(key)).map(({ key, version }) => `${key} ${version}`)
}
