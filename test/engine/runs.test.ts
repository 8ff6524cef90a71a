import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createJournal, listRuns, loadRun, openJournal } from '../../src/engine/index.ts'
import { newRun, planOf, runIt, step } from './support.ts'

const workDir = mkdtempSync(join(tmpdir(), 'etcd-rescue-runs-'))
afterAll(() => rmSync(workDir, { recursive: true }))

const plan = planOf([
  step({
    id: 'x',
    gives: ['a'],
    act: async ({ note }) => Promise.resolve(note('a line')).then(() => ({ a: 'value' })),
  }),
])

test('lists runs newest first, says how each stands, and loads one', async () => {
  expect(await listRuns(join(workDir, 'nothing'))).toEqual([])
  const done = await createJournal(
    workDir,
    newRun(plan, () => new Date('2024-03-21T13:00:00Z')),
  )
  await runIt(plan, { journal: done })
  await done.close()
  const open = await createJournal(
    workDir,
    newRun(plan, () => new Date('2024-03-21T14:00:00Z')),
  )
  const left = await createJournal(
    workDir,
    newRun(plan, () => new Date('2024-03-21T15:00:00Z')),
  )
  await left.append({ type: 'attempt', attempt: 1, pid: 1, host: 'h' }, { flush: true })
  await left.close()
  const beside = await createJournal(
    workDir,
    newRun(plan, () => new Date('2024-03-21T15:30:00Z')),
  )
  await beside.close()
  writeFileSync(join(beside.dir ?? '', 'writer.lock'), 'laptop-4026532999 1 1 00\n')
  const bad = await createJournal(
    workDir,
    newRun(plan, () => new Date('2024-03-21T16:00:00Z')),
  )
  await bad.close()
  writeFileSync(join(bad.dir ?? '', 'journal.ndjson'), 'garbage\n')
  const ids = [bad, beside, left, open, done].map(({ header }) => header.run)
  const runs = await listRuns(workDir)
  expect(runs.map(({ run, status }) => [run, status])).toEqual([
    [ids[0], 'unreadable'],
    [ids[1], 'elsewhere'],
    [ids[2], 'interrupted'],
    [ids[3], 'running'],
    [ids[4], 'succeeded'],
  ])
  await open.close()
  const loaded = await loadRun(workDir, done.header.run)
  expect(loaded).toMatchObject({ runbook: 't', cluster: 'staging.example.com', etcdCluster: 'main', attempts: 1 })
  expect(loaded.records).toContainEqual(expect.objectContaining({ type: 'event', line: 'a line' }))
  expect(loaded.state.steps.get('x')?.facts).toEqual({ a: 'value' })
})

test('a journal is for its owner alone', async () => {
  const journal = await createJournal(workDir, newRun(plan))
  await journal.close()
  expect(statSync(journal.dir ?? '').mode & 0o777).toBe(0o700)
  expect(statSync(join(journal.dir ?? '', 'journal.ndjson')).mode & 0o777).toBe(0o600)
})

test('an unknown id, also one that leads elsewhere, is no run', async () => {
  for (const id of ['20240321T130205Z-zzzzzz', '../../etc', '']) {
    await expect(openJournal(workDir, id)).rejects.toMatchObject({ code: 'RUN_UNKNOWN', exitCode: 2 })
  }
})

test('the target comes back whole, with what a newer config put into it', async () => {
  const run = newRun(plan)
  const target = { ...run.target, later: { than: 'this version' } }
  const journal = await createJournal(workDir, { ...run, target })
  await journal.close()
  expect((await loadRun(workDir, journal.header.run)).header.target).toEqual(target)
})
