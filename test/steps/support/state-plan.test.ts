import { describe, expect, test } from 'vitest'
import { absent, seen, unseen } from '../../../src/seen/index.ts'
import type { CarriedState, Finding, StateWay } from '../../../src/steps/support/carried-state.ts'
import { planState } from '../../../src/steps/support/state-plan.ts'

const MIB = 2 ** 20
const quotas = (...bytes: (number | string)[]) =>
  bytes.map((value, at) => ({
    node: 'abc'.charAt(at),
    quota: typeof value === 'string' ? unseen(value) : seen(value * MIB),
  }))

const CLEAN: CarriedState = {
  way: 'seed',
  alarms: seen([]),
  auth: seen('off'),
  learners: seen([]),
  downgradeTo: absent,
  version: { data: seen('3.5.0'), runs: seen('3.5.30') },
  size: { bytes: 100 * MIB, inUse: seen(60 * MIB), live: 40 * MIB },
  quotas: quotas(2048, 2048, 2048),
  memberId: 'aa',
  disarm: 'ask',
}

const plan = (over: Partial<CarriedState>) => planState({ ...CLEAN, ...over })
const FITS = / fit: the quota is /
/** Without what is told of a quota that is large enough. */
const about = (over: Partial<CarriedState>): Finding[] => plan(over).filter(({ say }) => !FITS.test(say))
const NOSPACE = seen([{ kind: 'NOSPACE', memberId: 'bb' } as const])
const CORRUPT = seen([{ kind: 'CORRUPT', memberId: 'aa' } as const])
const sized = (bytes: number, inUse: number, live: number) => ({
  size: { bytes: bytes * MIB, inUse: seen(inUse * MIB), live: live * MIB },
})

test('a copy that carries nothing: its size beside the quotas is all that is told', () => {
  expect(plan({})).toEqual([{ is: 'told', say: '105 MB fit: the quota is 2.15 GB on a, 2.15 GB on b, 2.15 GB on c' }])
  expect(plan({ quotas: quotas(Number.POSITIVE_INFINITY) })).toEqual([
    { is: 'told', say: '105 MB fit: the quota is no limit on a' },
  ])
})

test('what could not be read is not known, and is said to be', () => {
  const why = unseen('page 3 is damaged')
  const found = plan({
    ...{ alarms: why, auth: why, learners: why, downgradeTo: why, version: { data: why, runs: why } },
    quotas: quotas(2048, 'the manifest cannot be read', 2048),
  })
  expect(found.map(({ is, say }) => [is, say])).toEqual([
    ['told', 'whether the copy carries an alarm is not known: page 3 is damaged'],
    ['told', 'b: the quota of its etcd is not known, nor whether 105 MB fit: the manifest cannot be read'],
    ['told', '105 MB fit: the quota is 2.15 GB on a, 2.15 GB on c'],
    ['told', 'whether the copy has authentication on is not known: page 3 is damaged'],
    ['told', 'whether a member is a learner, without a vote, is not known: page 3 is damaged'],
    ['told', 'of which etcd version the data are is not known: page 3 is damaged'],
    ['told', 'whether a downgrade was begun is not known: page 3 is damaged'],
  ])
  // none is known: nothing fits
  expect(plan({ quotas: quotas('x') }).some(({ say }) => FITS.test(say))).toBe(false)
})

describe('alarms', () => {
  test('NOSPACE is told, with what becomes of it', () => {
    expect(about({ alarms: NOSPACE })).toEqual([
      {
        is: 'told',
        say: 'the copy carries the alarm NOSPACE of member bb: etcd refuses every put until it is taken back. prove-writes takes it back at the end, when the data was compared and there is room',
      },
    ])
    expect(about({ alarms: NOSPACE, disarm: 'no' })[0]?.say).toMatch(
      /It stays, as you said, and the run will end as not/,
    )
    expect(about({ alarms: NOSPACE, way: 'restore' })[0]?.say).toMatch(/it does not come along into the new cluster/)
  })

  test.each(['return', 'seed', 'restore'] as const)('CORRUPT is a question: %s', (way) => {
    const [found] = about({ alarms: CORRUPT, way })
    expect(found).toMatchObject({ is: 'asked', code: way === 'restore' ? 'corrupt' : 'corrupt-alarm' })
    expect(found?.say).toBe(
      'the copy carries the alarm CORRUPT of member aa, the one that it is of: it was found to hold other data than the others',
    )
    expect(about({ alarms: CORRUPT, way, disarm: 'all' })).toMatchObject([{ is: way === 'restore' ? 'asked' : 'told' }])
    expect(about({ alarms: CORRUPT, way, disarm: 'nospace' })).toEqual([expect.objectContaining({ is: 'asked' })])
  })

  test('CORRUPT that is to stay is an answer only where it comes along', () => {
    expect(about({ alarms: CORRUPT, disarm: 'no' })).toEqual([
      expect.objectContaining({ is: 'told', say: expect.stringMatching(/The alarm stays, as you said/) }),
    ])
    expect(about({ alarms: CORRUPT, disarm: 'no', way: 'restore' })[0]).toMatchObject({ is: 'asked' })
  })
})

describe('the quota', () => {
  test.each(['return', 'seed'] as const)('a full database is made smaller, when agreed to: %s', (way) => {
    const full = { ...sized(100, 60, 40), quotas: quotas(200, 104, 200), way }
    expect(plan(full)).toEqual([expect.objectContaining({ is: 'asked', code: 'full', default: true, makesRoom: true })])
    expect(plan(full)[0]?.say).toMatch(/has 105 MB, and the quota is 109 MB on b: etcd raises the alarm NOSPACE with/)
    expect(plan({ ...full, alarms: NOSPACE })[1]?.say).toMatch(/the alarm would be raised again by the next write/)
    expect(plan({ ...full, disarm: 'nospace' })).toEqual([
      expect.objectContaining({
        is: 'told',
        makesRoom: true,
        say: expect.stringMatching(/compacted to what is there now/),
      }),
    ])
    expect(plan({ ...full, disarm: 'no' })).toEqual([
      { is: 'told', say: expect.stringMatching(/left as it is, as you said/) },
    ])
  })

  test('keys and values that alone are too large are no matter of compaction', () => {
    const found = plan({ ...sized(100, 100, 99), quotas: quotas(100) })
    expect(found).toEqual([expect.objectContaining({ is: 'asked', code: 'quota' })])
    expect(found[0]?.say).toMatch(/keys and values alone have 104 MB, and the quota is 105 MB on a/)
    expect(plan({ ...sized(100, 100, 99), quotas: quotas(100), disarm: 'all' })).toEqual(found)
  })

  test('etcd-manager, which puts key by key, is never begun on what cannot fit; what may not is asked', () => {
    const restore = { way: 'restore' } as const
    const found = plan({ ...restore, ...sized(300, 200, 100), quotas: quotas(100, 2048) })
    expect(found).toEqual([
      {
        ...{ is: 'refused', code: 'PRECONDITION', hint: expect.stringMatching(/ETCD_QUOTA_BACKEND_BYTES/) },
        say: 'keys and values alone have 105 MB, and the quota is 105 MB on a: etcd-manager could not put them all, and would begin again for ever',
      },
    ])
    expect(plan({ ...restore, ...sized(300, 200, 100), quotas: quotas(200) })).toMatchObject([
      { is: 'asked', code: 'quota' },
    ])
    // what is free in the file does not come along
    expect(plan({ ...restore, ...sized(300, 100, 50), quotas: quotas(200) })).toMatchObject([{ is: 'told' }])
    expect(
      plan({
        ...restore,
        ...sized(300, 0, 50),
        size: { bytes: 300 * MIB, inUse: unseen('x'), live: 50 * MIB },
        quotas: quotas(200),
      }),
    ).toMatchObject([{ is: 'asked' }])
  })

  test.each(['return', 'seed', 'restore'] as const)(
    'one that is not known is a question above what etcd has by default: %s',
    (way) => {
      expect(plan({ way, ...sized(2000, 2000, 1000), quotas: quotas('away') })).toEqual([
        expect.objectContaining({
          is: 'told',
          say: expect.stringMatching(/is not known, nor whether 2.1 GB fit: away/),
        }),
        expect.objectContaining({
          is: 'asked',
          code: 'quota',
          say: expect.stringMatching(/2.1 GB, more than etcd's default/),
        }),
      ])
      expect(plan({ way, ...sized(1900, 1900, 1000), quotas: quotas('away') })).toMatchObject([{ is: 'told' }])
    },
  )
})

describe('a quota that is known of some nodes alone', () => {
  test.each(['return', 'seed', 'restore'] as const)('is no question where all known are the same: %s', (way) => {
    const large = { way, ...sized(3000, 3000, 1000) }
    expect(plan({ ...large, quotas: quotas(8192, 8192, 'away') }).map(({ is }) => is)).toEqual(['told', 'told'])
    expect(plan({ ...large, quotas: quotas(8192, 4096, 'away') }).at(-1)).toMatchObject({ is: 'asked', code: 'quota' })
  })

  test('only what is in use comes along in a restore', () => {
    const of = (way: StateWay) => plan({ way, ...sized(3000, 1000, 500), quotas: quotas('away') }).map(({ is }) => is)
    expect([of('restore'), of('seed')]).toEqual([['told'], ['told', 'asked']])
  })
})

describe('authentication', () => {
  test('turned off in what is made of the copy, when agreed to', () => {
    expect(about({ auth: seen('turned-off') })).toEqual([
      {
        ...{ is: 'asked', code: 'auth', question: expect.stringMatching(/Go on without authentication\?$/) },
        say: expect.stringMatching(
          /^the copy has authentication on, and Kubernetes' API server has no user in etcd: it is turned off/,
        ),
      },
    ])
  })

  test.each([
    ['return', /nothing could read the cluster/, /--method seed-in-place --set accept=auth/],
    ['restore', /etcd-manager reads it without one too, and would begin again for ever/, /choose another backup/],
  ] as const)('on in what is used as it is, it is refused: %s', (way, say, hint) => {
    expect(about({ way, auth: seen('on') })).toEqual([
      { is: 'refused', code: 'PRECONDITION', say: expect.stringMatching(say), hint: expect.stringMatching(hint) },
    ])
  })
})

test('learners are told, with what becomes of them', () => {
  expect(about({ way: 'return', learners: seen(['etcd-c']) })).toEqual([
    {
      is: 'told',
      say: 'learners, members without a vote, in the list of the copy: etcd-c; none counts in a quorum, and each stays one until it is promoted',
    },
  ])
  expect(about({ learners: seen(['etcd-c']) })[0]?.say).toMatch(/the new cluster has none$/)
  expect(about({ way: 'restore', learners: absent })).toEqual([])
})

describe('versions', () => {
  const version = (data: string, runs: string) => ({ version: { data: seen(data), runs: seen(runs) } })

  test.each([
    ['3.6.0', '3.5.30', true],
    ['3.5.0', '3.5.7', false],
    ['3.5.9', '3.5.7', false],
    ['3.4.0', '3.5.7', false],
    ['3.10.0', '3.9.1', true],
    ['4.0.0', '3.9.1', true],
  ])('data of %s under etcd %s: ahead is %s', (data, runs, isAhead) => {
    for (const way of ['return', 'seed'] as StateWay[])
      expect(about({ way, ...version(data, runs) }).map(({ is }) => is)).toEqual(isAhead ? ['refused'] : [])
    expect(about({ way: 'restore', ...version(data, runs) }).map(({ is }) => is)).toEqual(isAhead ? ['told'] : [])
  })

  test('ahead is a version mismatch, with the way that takes the keys alone', () => {
    expect(about(version('3.6.0', '3.5.30'))).toEqual([
      {
        ...{ is: 'refused', code: 'VERSION_MISMATCH', hint: expect.stringMatching(/rebuild-from-trashcan/) },
        say: 'the data are of etcd 3.6, and etcd 3.5.30 will run: it does not start on newer data',
      },
    ])
    expect(about({ version: { data: seen('3.6.0'), runs: unseen('the store has no cluster spec') } })).toEqual([
      {
        is: 'told',
        say: 'the data are of etcd 3.6; which etcd will run on them is not known: the store has no cluster spec',
      },
    ])
  })

  test('a downgrade that was begun goes on where the data is used as it is', () => {
    expect(about({ downgradeTo: seen('3.4.0') })).toEqual([
      expect.objectContaining({
        is: 'asked',
        code: 'downgrade',
        say: expect.stringMatching(/a downgrade to etcd 3\.4\.0 was begun/),
      }),
    ])
    expect(about({ downgradeTo: seen('3.4.0'), way: 'restore' })).toEqual([])
  })
})
