import { describe, expect, it } from 'vitest'
import type { RunStatus } from '../../src/engine/events.ts'
import { type RescueResult, runLines } from '../../src/ui/run-result.ts'

const result = (status: RunStatus) => ({
  run: '20261130T120000Z-abcdef',
  runbook: 'seed-in-place',
  status,
  cluster: 'c.example.com',
  etcdCluster: 'main',
  source: { node: 'b', path: '/mnt/b', token: 'T', revision: 1200, keys: 10 },
  steps: [],
})

describe('the result of a run', () => {
  it('says that something was recovered only when it was', () => {
    expect(runLines(result('succeeded'))).toContain('recovered from b:T, revision 1,200')
    for (const status of ['failed', 'cancelled', 'dry-run'] as const) {
      const lines = runLines(result(status))
      expect(lines.filter((line) => /^recovered/.test(line))).toEqual([])
      expect(lines).toContainEqual(expect.stringContaining('b:T'))
    }
  })

  it('holds the outage against what was expected, where a proposal said it', () => {
    const outage = { seconds: 15.7 }
    const proposal = { outageSeconds: 2, outageMostSeconds: 16 } as NonNullable<RescueResult['proposal']>
    expect(runLines({ ...result('succeeded'), outage })).toContain('etcd was away for 16 s')
    expect(runLines({ ...result('succeeded'), outage, proposal })).toContain(
      'etcd was away for 16 s (2.0 s to 16 s expected)',
    )
  })

  it('names a node that was left beside a success, with what to type', () => {
    const what = 'etcd-manager could not be started: kubelet does not run there'
    const left = [{ node: 'b', what, command: 'sudo systemctl start kubelet', onNode: true }]
    expect(runLines({ ...result('succeeded'), left })).toContain(
      `LEFT TO DO: sudo systemctl start kubelet   # on b: ${what}`,
    )
  })
})
