import { describe, expect, it } from 'vitest'
import { prepareRun } from '../../src/app/recover.ts'
import { findRunbook } from '../../src/app/runbooks.ts'
import { toTarget } from '../../src/config/index.ts'
import { createJournal } from '../../src/engine/index.ts'
import { tempDir } from '../steps/support/temp.ts'
import { configOf } from './support.ts'

describe('a run with the facts of an earlier one', () => {
  it('is about the same etcd cluster, or is refused', async () => {
    const workDir = await tempDir()
    const config = { ...configOf(['main', 'events']), workDir }
    const runbook = await findRunbook('rebuild-from-trashcan')
    const journal = await createJournal(workDir, { runbook, inputs: {}, target: toTarget(config, 'events'), tool: '0' })
    const { run } = journal.header
    await journal.close()
    const choice = { inputs: {}, from: 'discover-trashcan', factsOf: run }
    await expect(prepareRun(config, { ...choice, etcdCluster: 'main' }, runbook)).rejects.toMatchObject({
      code: 'USAGE',
      message: `run ${run} is about etcd events, and this one about etcd main`,
      hint: expect.stringContaining('--etcd-cluster events'),
    })
    const { options } = await prepareRun(config, { ...choice, etcdCluster: 'events' }, runbook)
    expect(options).toEqual({ from: 'discover-trashcan', facts: {} })
  })
})
