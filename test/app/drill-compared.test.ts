import { describe, expect, it } from 'vitest'
import { isRight } from '../../src/app/drill-compared.ts'
import { methodsToCompare } from '../../src/app/drill-options.ts'
import type { DrillResult } from '../../src/app/result.ts'
import { drillLines } from '../../src/ui/drill.ts'
import { compareLines } from '../../src/ui/drill-compare.ts'

const incident = {
  ...{ keys: 10, digest: 'd', etcdVersion: '3.5.30', store: 'file:///s', seconds: 1 },
  ...{ revision: 500, memberIds: ['1', '2', '3'], leases: 5 },
}
const whole = {
  ...{ keysExpected: 10, keysFound: 10, digestMatches: true, revision: 500 },
  ...{ membersServing: 3, sameMembers: true, leasesExpected: 5, leasesKept: 5, writesLost: 0, restIsSame: true },
}
const losses = [
  ['a lower revision', { revision: 499 }],
  ['a lost lease', { leasesKept: 4 }],
  ['a lost write', { writesLost: 1 }],
] as const

describe('what a recovery has to bring back', () => {
  it.each(['return-in-place', 'seed-in-place'])('%s: everything', (runbook) => {
    expect(isRight({ runbook, incident, compared: whole })).toBe(true)
    for (const [, loss] of losses) expect(isRight({ runbook, incident, compared: { ...whole, ...loss } })).toBe(false)
  })

  it('restore-backup: all but the writes since the backup', () => {
    const compared = { ...whole, digestMatches: false, writesLost: 3, leasesKept: 0, revision: 9 }
    expect(isRight({ runbook: 'restore-backup', incident, compared })).toBe(true)
    expect(isRight({ runbook: 'restore-backup', incident, compared: { ...compared, restIsSame: false } })).toBe(false)
  })

  it.each(['rebuild-from-trashcan'])('%s: every key and value', (runbook) => {
    for (const [, loss] of losses) expect(isRight({ runbook, incident, compared: { ...whole, ...loss } })).toBe(true)
    for (const loss of [{ digestMatches: false }, { membersServing: 2 }])
      expect(isRight({ runbook, incident, compared: { ...whole, ...loss } })).toBe(false)
  })

  it('whatever the method: no pod that ran is stopped', () => {
    const workloads = { before: 6, deleted: 1 }
    expect(isRight({ runbook: 'return-in-place', incident, compared: whole, workloads })).toBe(false)
    expect(isRight({ runbook: 'restore-backup', incident, workloads })).toBe(false)
  })

  it('says what was lost', () => {
    const compared = { ...whole, revision: 12, leasesKept: 0, writesLost: 3, sameMembers: false }
    const lines = drillLines({ status: 'recovered', cluster: 'c', incident, compared })
    expect(lines).toEqual([
      "the drill's own comparison: 10 of 10 keys, every value the same",
      '  acknowledged writes lost: 3',
      '  revision: 500 before, 12 now',
      '  leases with their keys: 0 of 5',
      '  members: 3 of 3 serve, with other ids than before',
    ])
  })
})

describe('methods side by side', () => {
  const run = { run: 'r', cluster: 'c', etcdCluster: 'main', steps: [], incident }
  const results: DrillResult[] = [
    {
      ...{ ...run, runbook: 'return-in-place', status: 'succeeded' },
      ...{ compared: { ...whole, revision: 510, outageSeconds: 2.04 }, movedBytes: 1_500_000 },
    },
    {
      ...{ ...run, runbook: 'restore-backup', status: 'succeeded' },
      compared: {
        ...whole,
        digestMatches: false,
        revision: 11,
        leasesKept: 0,
        sameMembers: false,
        writesLost: 3,
        outageSeconds: 61,
      },
      workloads: { before: 6, deleted: 2 },
    },
    { ...run, runbook: 'seed-in-place', status: 'failed' },
  ]

  it('are shown with what each loses', () => {
    expect(compareLines({ methods: results, impossible: [], speed: 1 })).toEqual([
      'method           outage s  writes lost  revision before  after  leases kept  members      moved  data',
      'return-in-place  2.0                 0              500    510  5 of 5       3 the same  1.5 MB  the same',
      'restore-backup   61.0                3              500     11  0 of 5       3 new            ?  the same but for these writes, 2 PODS STOPPED',
      'seed-in-place    failed',
    ])
  })

  it('leave out what cannot be, with the reason', () => {
    const { methods, impossible } = methodsToCompare(2)
    expect(methods).toEqual(['seed-in-place', 'rebuild-from-trashcan', 'restore-backup'])
    expect(compareLines({ methods: [], impossible, speed: 1 }).join('\n')).toContain(
      'return-in-place: 2 of 3 nodes have lost',
    )
    expect(methodsToCompare(1)).toMatchObject({ methods: { length: 4 }, impossible: [] })
  })
})
