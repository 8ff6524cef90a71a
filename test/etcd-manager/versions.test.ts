import { describe, expect, it } from 'vitest'
import { judgeRestore, minorOf } from '../../src/etcd-manager/versions.ts'

const bundled = ['3.1.12', '3.2.24', '3.3.17', '3.4.13', '3.5.30', '3.6.11']
const current = 'v3.0.20260707'

describe('which backups this etcd-manager can restore', () => {
  it.each([
    ['3.4.23', '3.4.13'],
    ['3.5.9', '3.5.30'],
    ['3.6.0', '3.6.11'],
  ])('%s is restored with %s', (metaEtcdVersion, restoredWith) => {
    expect(judgeRestore({ managerVersion: current, etcdVersionsOnNode: bundled, metaEtcdVersion })).toEqual({
      ok: true,
      restoredWith,
    })
  })

  it.each([
    ['3.6.11 before v3.0.20260512', { managerVersion: 'v3.0.20260511', metaEtcdVersion: '3.6.11' }, 'v3.0.20260512'],
    [
      '3.6 that is not installed',
      { managerVersion: current, etcdVersionsOnNode: ['3.5.30'], metaEtcdVersion: '3.6.1' },
      'no etcd 3.6',
    ],
    [
      '3.4 without 3.4.13',
      { managerVersion: current, etcdVersionsOnNode: ['3.4.23', '3.5.30'], metaEtcdVersion: '3.4.23' },
      '3.4.13',
    ],
    [
      '3.4 without 3.4.13 under an unknown manager',
      { etcdVersionsOnNode: ['3.4.23'], metaEtcdVersion: '3.4.23' },
      '3.4.13',
    ],
    ['a custom image', { managerVersion: current, etcdVersionsOnNode: ['3.5.16'], metaEtcdVersion: '3.4.3' }, '3.4.3'],
    ['an empty version', { managerVersion: current, metaEtcdVersion: '' }, 'no version'],
    ['etcd 2', { managerVersion: current, metaEtcdVersion: '2.2.1' }, 'cannot be restored'],
  ])('refuses %s', (_, question, why) => {
    const answer = judgeRestore(question)
    expect(answer).toMatchObject({ ok: false, why: expect.stringContaining(why), hint: expect.stringMatching(/\w/) })
  })

  it('says what it could not check', () => {
    expect(judgeRestore({ metaEtcdVersion: '3.5.30' })).toMatchObject({ ok: true, doubt: expect.any(String) })
    expect(judgeRestore({ etcdVersionsOnNode: bundled, metaEtcdVersion: '3.6.11' })).toMatchObject({
      ok: true,
      doubt: expect.any(String),
    })
    const double = { managerVersion: 'double', etcdVersionsOnNode: ['3.4.23'], metaEtcdVersion: '3.4.23' }
    expect(judgeRestore(double)).toMatchObject({ ok: true, restoredWith: '3.4.23', doubt: expect.any(String) })
  })

  it('takes minors from versions as people write them', () => {
    expect([minorOf('v3.5.30'), minorOf('3.4'), minorOf('3.6.0-rc.1'), minorOf('latest')]).toEqual([
      '3.5',
      '3.4',
      '3.6',
      undefined,
    ])
  })
})
