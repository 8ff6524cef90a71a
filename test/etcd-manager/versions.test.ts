import { describe, expect, it } from 'vitest'
import { judgeRestore, minorOf } from '../../src/etcd-manager/versions.ts'

/** As kOps 1.34's manifest mounts them: every patch name of a minor up to its own newest, and one of 3.7. */
const patches = (minor: string, newest: number) => Array.from({ length: newest + 1 }, (_, at) => `3.${minor}.${at}`)
const kops134 = [...patches('5', 31), ...patches('6', 12), '3.7.0']
/** kOps 1.33 ends at 3.5.21. */
const kops133 = patches('5', 21)
const bundled = ['3.1.12', '3.2.24', '3.3.17', '3.4.13', '3.5.7', '3.5.30', '3.6.11']

const judge = (managerVersion: string | undefined, metaEtcdVersion: string, installed: string[] = bundled) =>
  judgeRestore({ managerVersion, metaEtcdVersion, etcdVersionsOnNode: installed })

describe('which backups this etcd-manager can restore', () => {
  it.each([
    ['v3.0.20260707', '3.4.23', '3.4.13', bundled],
    ['v3.0.20260707', '3.5.9', '3.5.30', bundled],
    ['v3.0.20260707', '3.6.0', '3.6.11', bundled],
    ['v3.0.20260707', '3.5.25', '3.5.30', kops134],
    ['v3.0.20260707', '3.7.0', '3.7.0', kops134],
    ['v3.0.20260707', 'v3.6.12', '3.6.11', kops134],
    ['v3.0.20260512', '3.5.30', '3.5.30', bundled],
    ['v3.0.20260227', '3.5.30', '3.5.7', bundled],
    ['v3.0.20250704', '3.5.21', '3.5.7', kops133],
    ['v3.0.20241012', '3.4.3', '3.4.3', ['3.4.3']],
  ])('%s restores %s with %s', (managerVersion, meta, restoredWith, installed) => {
    expect(judge(managerVersion, meta, installed)).toEqual({ verdict: 'yes', restoredWith })
  })

  it.each<[string, string | undefined, string, string[], string]>([
    ['a manager image newer than kOps', 'v3.0.20260707', '3.5.21', kops133, 'not etcd 3.5.30'],
    ['a kOps without a 3.4 image', 'v3.0.20260707', '3.4.13', kops134, 'not etcd 3.4.13'],
    ['a custom etcd image', 'v3.0.20260707', '3.5.16', ['3.5.16'], 'not etcd 3.5.30'],
    ['3.7 at another patch than the meta names', 'v3.0.20260707', '3.7.1', kops134, 'not etcd 3.7.1'],
    ['3.6 with a manager before etcdutl', 'v3.0.20260227', '3.6.11', kops134, 'v3.0.20260512'],
    ['3.7 with a manager before etcdutl', 'v3.0.20250917', '3.7.0', kops134, 'v3.0.20260512'],
    ['3.6 with one that was not read, but is older', 'v3.0.20260511', '3.6.11', bundled, 'v3.0.20260512'],
    ['no etcd of this minor, whatever the manager is', undefined, '3.5.30', ['3.4.13'], 'no etcd 3.5'],
    ['an empty version', 'v3.0.20260707', '', bundled, 'no version'],
    ['etcd 2', 'v3.0.20260707', '2.2.1', bundled, 'cannot be restored'],
  ])('refuses %s, with the way on', (_, managerVersion, meta, installed, why) => {
    const answer = judge(managerVersion, meta, installed)
    expect(answer).toMatchObject({ verdict: 'no', why: expect.stringContaining(why) })
    expect(answer).toMatchObject({ hint: expect.stringContaining('seed-in-place') })
  })

  it.each<[string, string | undefined, string, string[], string]>([
    ['a release after the last that was read', 'v3.0.20261001', '3.5.30', bundled, 'v3.0.20261001'],
    ['one between two that were read', 'v3.0.20260601', '3.5.30', bundled, 'v3.0.20260601'],
    ['one before the first', 'v3.0.20230201', '3.5.7', bundled, 'v3.0.20230201'],
    ['a build of somebody', 'latest', '3.5.30', bundled, 'latest'],
    ['an image known by its digest', undefined, '3.6.11', bundled, 'could not be read'],
    ['a container that could not be looked into', 'v3.0.20260707', '3.5.30', [], 'with etcd 3.5.30'],
  ])('%s is a doubt and never a yes', (_, managerVersion, meta, installed, why) => {
    const answer = judge(managerVersion, meta, installed)
    expect(answer).toMatchObject({ verdict: 'doubt', why: expect.stringContaining(why) })
  })

  it('a version of which only a link is seen is a doubt, also beside others', () => {
    const question = { managerVersion: 'v3.0.20260707', metaEtcdVersion: '3.5.30', etcdVersionsOnNode: ['3.4.13'] }
    expect(judgeRestore({ ...question, etcdVersionsUnsure: ['3.5.30'] })).toMatchObject({ verdict: 'doubt' })
    expect(judgeRestore({ ...question, etcdVersionsUnsure: ['3.5.7'] })).toMatchObject({ verdict: 'no' })
    const unread = { ...question, managerVersion: 'latest' }
    expect(judgeRestore({ ...unread, etcdVersionsUnsure: ['3.5.7'] })).toMatchObject({ verdict: 'doubt' })
    expect(judgeRestore({ ...unread, etcdVersionsUnsure: ['3.6.11'] })).toMatchObject({ verdict: 'no' })
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
