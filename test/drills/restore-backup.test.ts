import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { backupNames } from '../../src/lab/control-files.ts'
import { buildLab, countServed, type Incident, incident, type Lab } from '../../src/lab/index.ts'
import { pathsOf } from '../../src/lab/layout.ts'
import { waitFor } from '../../src/lab/wait.ts'
import { answersFor, expectOneError, workDirs } from '../support/failing-run.ts'
import { fastClock } from '../support/fast-clock.ts'
import { labRelease } from '../support/lab-release.ts'
import { journalLines, runRescue, startRescue } from '../support/rescue-process.ts'
import { archive, bringBack } from '../support/s3-bucket.ts'

// Each ends in seconds on a quiet machine; a busy one must not make them lie
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 })

const KEYS = 300
const FILES = ['etcd.backup.gz', '_etcd_backup.meta']
const work = workDirs()
let lab: Lab
let before: Incident
let ofTheLost: string[]
let newestOfAll: string | undefined
let archived: string
/** As an operator sees it whose laptop's clock is six minutes fast. */
let fast: Lab

/**
 * After the incident no copy is left on any node, etcd-manager has taken backups of the empty cluster, the newest of the lost
 * one is archived, and the store is one without conditional writes.
 */
beforeAll(async () => {
  lab = await buildLab({ release: await labRelease(), workers: 1, store: 's3', speed: 10, eventsDecoy: true })
  before = await incident(lab, { keys: KEYS, sizeBytes: 200_000, seed: 8 })
  const all = await backupNames(lab)
  await waitFor('two backups of the empty cluster', 120_000, async () =>
    (await backupNames(lab)).length >= all.length + 2 ? true : undefined,
  )
  const now = await backupNames(lab)
  newestOfAll = now.at(-1)
  ofTheLost = await largest(now)
  for (const node of lab.nodes.filter(({ role }) => role === 'control-plane')) emptyTrashcan(node)
  archived = await archivedAfter(ofTheLost.at(-1) ?? '')
  lab.s3Faults?.add({ kind: 'ignore-conditions', times: Number.POSITIVE_INFINITY })
  fast = { ...lab, env: { ...lab.env, ...fastClock(6) } }
})

afterAll(async () => {
  await lab?.close()
  work.clear()
})

function emptyTrashcan(node: Lab['nodes'][number]): void {
  const trashcan = join(pathsOf(node).mainVolume, 'data-trashcan')
  for (const token of readdirSync(trashcan)) rmSync(join(trashcan, token), { recursive: true })
}

/** Those of the cluster with data: the others are a tenth of their size. */
async function largest(names: readonly string[]): Promise<string[]> {
  const sizes = await Promise.all(
    names.map(async (name) => (await lab.store.head(`${name}/etcd.backup.gz`))?.size ?? 0),
  )
  return names.filter((_, at) => (sizes[at] ?? 0) > Math.max(...sizes) / 2)
}

/** As etcd-manager's clean-up, which deletes by name: all versions of all that is in the folder. */
async function deleteBackup(name = ''): Promise<void> {
  for (const { key } of await lab.store.list(`${name}/`)) await lab.store.remove(key, { allVersions: true })
}

/** A backup of the same data, two seconds newer, whose objects a lifecycle rule has moved to Glacier. */
async function archivedAfter(name: string): Promise<string> {
  const at = new Date(Date.parse(name.slice(0, 20)) + 2000).toISOString().slice(0, 19)
  const newer = `${at}Z-000001`
  for (const file of FILES) {
    const { body } = await lab.store.read(`${name}/${file}`)
    await archive(lab.env, `${lab.store.url}/${newer}/${file}`, body)
  }
  return newer
}

test('an archived backup that may be the best is told, with the command that brings it back', async () => {
  const run = await runRescue(fast, work.next(), ['recover', ...answersFor(lab)])
  expectOneError(run, {
    code: 'ANSWER_MISSING',
    exit: 20,
    message: new RegExp(`${archived} cannot be read, and may be the one that is looked for: archived`),
    hint: new RegExp(
      `aws s3api restore-object --bucket drill-state --key \\S*${archived}/.*--backup ${ofTheLost.at(-1)}`,
    ),
  })
  for (const file of FILES) await bringBack(lab.env, `${lab.store.url}/${archived}/${file}`)
})

test('a store without conditional writes holds no lock: nothing is begun, and nothing is left in it', async () => {
  const keys = async () => (await lab.store.list('')).map(({ key }) => key).filter((key) => !/^\d{4}-/.test(key))
  const earlier = await keys()
  const run = await runRescue(fast, work.next(), ['recover', ...answersFor(lab)])
  expectOneError(run, {
    code: 'STORE_UNCONDITIONAL',
    exit: 20,
    message: /no conditional writes/,
    hint: /--without-lock/,
  })
  expect(await keys()).toEqual(earlier)
})

test('recover finds that only a backup is left, and restores the newest that is not of the empty cluster, though the clean-up deletes it meanwhile', {
  retry: 0,
}, async () => {
  const dir = work.next()
  const { finished } = startRescue(fast, dir, ['recover', '--without-lock', ...answersFor(lab)])
  const newest = archived
  const isKept = () => journalLines(dir).some(({ type, step }) => type === 'finished' && step === 'keep-backup')
  // one that ends before is told by its own result
  const ended = finished.then(() => true)
  await waitFor('the chosen backup is kept', 200_000, async () =>
    isKept() || (await Promise.race([ended, false])) ? true : undefined,
  )
  await deleteBackup(newest)
  const run = await finished
  expect(run.code, run.stderr).toBe(0)
  expect(run.stderr).toContain('going on without the lock')
  expect(await backupNames(lab)).not.toContain(newest)
  const result = JSON.parse(run.stdout)
  expect(result).toMatchObject({
    ...{ status: 'succeeded', runbook: 'restore-backup', etcdCluster: 'main' },
    backup: { name: expect.stringMatching(/^recovered-/), from: newest },
    verified: { digestMatches: true },
    proposal: { method: 'restore-backup', possible: true, source: { backup: newest } },
    leftAlone: [{ etcdCluster: 'events', why: expect.stringMatching(/no control-plane node runs/) }],
  })
  expect(result.alternatives.map(({ possible, next }: Record<string, unknown>) => [possible, next])).toEqual(
    Array(3).fill([false, 'restore-backup']),
  )
  expect(newestOfAll).not.toBe(newest)
  // what was written after the backup is gone, and nothing else
  const served = await countServed(lab)
  expect(served).toBeGreaterThanOrEqual(KEYS)
  expect(served).toBeLessThanOrEqual(before.expected.keys)
})

test('afterwards the running cluster is the one that holds the most: nothing is proposed', async () => {
  lab.s3Faults?.clear()
  const dir = work.next()
  const run = await runRescue(lab, dir, ['recover', ...answersFor(lab)])
  expect(run.code, run.stdout + run.stderr).toBe(20)
  expect(JSON.parse(run.stdout)).toMatchObject({
    error: { code: expect.stringMatching(/^(PRECONDITION|ANSWER_MISSING)$/) },
  })
  expect(readdirSync(join(dir, 'runs'))).toEqual([])
})
