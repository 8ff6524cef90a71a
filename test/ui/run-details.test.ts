import { expect, test } from 'vitest'
import { runDetailLines } from '../../src/ui/run-details.ts'

const note = (kind: 'call' | 'note' | 'answer', line: string, step = 'fence') => ({ at: '', step, kind, line })
const run = {
  ...{ run: 'r1', runbook: 'return-in-place', status: 'failed', cluster: 'c.example.com', etcdCluster: 'main' },
  ...{ startedAt: '2026-11-30T12:00:00.000Z', lastAt: '2026-11-30T12:01:00.000Z', attempts: 1, tool: '0' },
  ...{ inputs: { copy: 'a:T', aside: 'ask' }, given: { copy: 'a:T' }, target: {} as never },
  steps: [
    {
      ...{ id: 'fence', status: 'done', startedAt: '2026-11-30T12:00:05.000Z', seconds: 3, attempts: 1 },
      changed: ['API servers stopped on every control-plane node'],
    },
    {
      ...{ id: 'save-current', status: 'failed', startedAt: '2026-11-30T12:00:09.000Z', seconds: 1, attempts: 1 },
      changed: [],
      error: { code: 'STORE_FAILED', message: 'the store answered 503', hint: 'wait' },
    },
  ],
  notes: [
    note('note', 'fenced: no API server runs on a, b, c'),
    note('call', '$ a: sh -c "ls /etc/kubernetes"'),
    note('answer', 'Stop the API servers now? yes'),
  ],
  error: { code: 'STORE_FAILED', message: 'the store answered 503', hint: 'wait' },
}

test('a run is told by its steps, answers, changes and end; no line of a shell', () => {
  const lines = runDetailLines(run)
  expect(lines).toEqual([
    'r1: return-in-place on c.example.com, etcd main',
    'failed, begun 2026-11-30 12:00:00, last written 2026-11-30 12:01:00 UTC',
    'with copy=a:T',
    '',
    '12:00:05  fence                    done  3.0 s',
    '            fenced: no API server runs on a, b, c',
    '            asked: Stop the API servers now? yes',
    '            changed: API servers stopped on every control-plane node',
    '12:00:09  save-current             failed  1.0 s',
    '            failed: the store answered 503',
    '',
    'the store answered 503  (STORE_FAILED)',
    '  wait',
    '',
    'Next',
    '  etcd-rescue runs resume r1',
    '',
    'Every call to nodes and stores: etcd-rescue runs show r1 --calls',
  ])
})

test('with calls, all that was run', () => {
  expect(runDetailLines(run, true)).toContain('            $ a: sh -c "ls /etc/kubernetes"')
})
