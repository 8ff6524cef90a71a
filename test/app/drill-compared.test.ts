import { describe, expect, it } from 'vitest'
import { isRight } from '../../src/app/drill-compared.ts'
import { drillLines } from '../../src/ui/drill.ts'

const incident = {
  ...{ keys: 10, digest: 'd', etcdVersion: '3.5.30', store: 'file:///s', seconds: 1 },
  ...{ revision: 500, memberIds: ['1', '2', '3'], leases: 5 },
}
const whole = {
  ...{ keysExpected: 10, keysFound: 10, digestMatches: true, revision: 500 },
  ...{ sameMembers: true, leasesExpected: 5, leasesKept: 5, writesLost: 0 },
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

  it.each(['rebuild-from-trashcan', 'restore-backup'])('%s: every key and value', (runbook) => {
    for (const [, loss] of losses) expect(isRight({ runbook, incident, compared: { ...whole, ...loss } })).toBe(true)
    expect(isRight({ runbook, incident, compared: { ...whole, digestMatches: false } })).toBe(false)
  })

  it('says what was lost', () => {
    const compared = { ...whole, revision: 12, leasesKept: 0, writesLost: 3, sameMembers: false }
    const lines = drillLines({ status: 'recovered', cluster: 'c', incident, compared })
    expect(lines).toEqual([
      "the drill's own comparison: 10 of 10 keys, every value the same",
      '  acknowledged writes lost: 3',
      '  revision: 500 before, 12 now',
      '  leases with their keys: 0 of 5',
      '  members: other ids than before',
    ])
  })
})
