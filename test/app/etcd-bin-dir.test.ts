import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { memoryPrompter } from '../../src/adapters/memory/prompter.ts'
import { execute } from '../../src/app/execute.ts'
import { resumeRun } from '../../src/app/recover.ts'
import { mustHaveEtcds } from '../../src/app/recovery/needed-etcd.ts'
import type { Asking } from '../../src/app/recovery/open-questions.ts'
import { findRunbook } from '../../src/app/runbooks.ts'
import type { Session } from '../../src/app/session.ts'
import { toTarget } from '../../src/config/index.ts'
import { createJournal } from '../../src/engine/index.ts'
import type { Assessment } from '../../src/recovery/proposal.ts'
import { tempDir } from '../steps/support/temp.ts'
import { testSession } from '../support/session.ts'
import { configOf } from './support.ts'

vi.mock('../../src/app/execute.ts', () => ({ execute: vi.fn(async () => ({ exitCode: 0, records: [], steps: [] })) }))
vi.mock('../../src/app/offer-unfence.ts', () => ({ wantsUnfence: async () => false }))
vi.mock('../../src/app/result.ts', () => ({ toRescueResult: () => ({}) }))

let dir: string
beforeEach(async () => {
  dir = await tempDir()
})

describe('a resumed run', () => {
  it.each([
    ['as it is configured now', 'tools: { etcdBinDir: /opt/right }', {}, '/opt/right'],
    ['as the flag says', 'tools: { etcdBinDir: /opt/right }', { etcdBinDir: '/opt/typed' }, '/opt/typed'],
    ['as it began, where nothing says otherwise', '', {}, '/opt/wrong'],
  ])('takes etcd %s', async (_, tools, over, expected) => {
    await writeFile(join(dir, 'etcd-rescue.yaml'), `cluster: a.example.com\nstate: file://${dir}\n${tools}\n`)
    await chmod(join(dir, 'etcd-rescue.yaml'), 0o600)
    const session = testSession(dir, over)
    const runbook = await findRunbook('rebuild-from-trashcan')
    const target = { ...toTarget(configOf(['main']), 'main'), tools: { etcdBinDir: '/opt/wrong' } }
    const journal = await createJournal(join(dir, 'etcd-rescue'), { runbook, inputs: {}, target, tool: '0' })
    await journal.close()
    vi.mocked(execute).mockClear()
    await resumeRun(session, journal.header.run)
    expect(vi.mocked(execute).mock.calls[0]?.[1].target.tools).toEqual({ etcdBinDir: expected })
  })
})

describe('a proposal', () => {
  const lines: string[] = []
  const asking = (over: Partial<Session> = {}): Asking => {
    const session = testSession(dir, over)
    const copies = [{ id: 'a:old', etcdVersion: '3.9.4' }]
    return {
      session: {
        ...session,
        screen: { ...session.screen, listen: (event: unknown) => lines.push(JSON.stringify(event)) },
      },
      config: {
        ...configOf(['main']),
        nodes: { controlPlane: [], workers: [] },
        tools: { etcdBinDir: join(dir, 'bin') },
      },
      gathered: { etcdClusters: new Map([['main', { copies }]]) },
      prompter: memoryPrompter(),
    } as unknown as Asking
  }
  const lost = [{ etcdCluster: 'main', need: 'lost', best: { source: { id: 'a:old' } } }] as unknown as Assessment[]
  const fine = [{ etcdCluster: 'main', need: 'fine', best: { source: { id: 'a:old' } } }] as unknown as Assessment[]

  it.each([false, true])(
    'needs the etcd of its copy on this machine before the fence (dry run: %s)',
    async (dryRun) => {
      await expect(mustHaveEtcds(asking({ dryRun }), lost)).rejects.toMatchObject({
        code: 'ETCD_MISSING',
        message: /no etcd 3\.9/,
        hint: new RegExp(`--etcd-bin-dir DIR, or tools.etcdBinDir.*${join(dir, 'bin')} has no etcd`),
      })
      await mustHaveEtcds(asking({ dryRun }), fine)
      await mkdir(join(dir, 'bin'))
      for (const name of ['etcd', 'etcdctl']) {
        await writeFile(join(dir, 'bin', name), `#!/bin/sh\necho "${name} version: 3.9.1"\n`)
        await chmod(join(dir, 'bin', name), 0o755)
      }
      await mustHaveEtcds(asking({ dryRun }), lost)
    },
  )
})
