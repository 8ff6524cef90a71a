import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { CompareResult, DrillResult } from '../../src/app/result.ts'
import { cli } from '../support/cli.ts'
import { etcdReleases, noEtcd, testCacheDir } from '../support/etcd.ts'

const found = (await etcdReleases()).some(({ minor }) => minor === '3.5')

describe.skipIf(!found)(`a drill of each method (${found ? 'real etcd' : noEtcd})`, () => {
  const dir = mkdtempSync(join(tmpdir(), 'er-methods-'))
  afterAll(() => rmSync(dir, { recursive: true, force: true }))

  async function drill<T>(...args: string[]): Promise<T> {
    const sizes = ['--keys', '300', '--workers', '1', '--store', 'file', '--etcd-bin-dir', testCacheDir]
    const { code, stdout, stderr } = await cli(['drill', ...sizes, ...args, '--json'], { env: { TMPDIR: dir } })
    const value = JSON.parse(stdout)
    expect({ code, error: value.error, compared: value.compared }, stderr).toMatchObject({ code: 0, error: undefined })
    return value as T
  }

  it('return-in-place loses nothing, and a node that lost its disk is a member again', async () => {
    const value = await drill<DrillResult>('--method', 'return-in-place', '--lost-nodes', '1')
    expect(value).toMatchObject({
      ...{ runbook: 'return-in-place', status: 'succeeded', workloads: { before: 3, deleted: 0 } },
      compared: { digestMatches: true, membersServing: 3, leasesExpected: 5, leasesKept: 5, writesLost: 0 },
    })
    expect(value.compared?.revision).toBeGreaterThanOrEqual(value.incident.revision)
  }, 400_000)

  it('side by side, with two disks lost: the seed loses nothing, and the others what they must', async () => {
    const { methods, impossible } = await drill<CompareResult>('--compare', '--lost-nodes', '2')
    expect(impossible.map(({ method }) => method)).toEqual(['return-in-place'])
    const [seed, rebuild, backup] = methods
    expect(seed?.compared).toMatchObject({ digestMatches: true, leasesKept: 5, writesLost: 0, membersServing: 3 })
    expect(seed?.compared?.revision).toBeGreaterThanOrEqual(seed?.incident.revision ?? Number.POSITIVE_INFINITY)
    expect(rebuild?.compared).toMatchObject({ digestMatches: true, leasesKept: 0, writesLost: 0, membersServing: 3 })
    expect(backup?.compared).toMatchObject({ restIsSame: true, leasesKept: 0, membersServing: 3 })
    for (const { compared, workloads } of methods) {
      expect(workloads).toEqual({ before: 3, deleted: 0 })
      expect(compared?.outageSeconds).toBeGreaterThan(0)
    }
  }, 900_000)
})
