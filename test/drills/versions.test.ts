import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import { buildLab, incident, killLeaderWhileItArchives, type Lab, measure } from '../../src/lab/index.ts'
import { pathsOf } from '../../src/lab/layout.ts'
import { PLAYED_RELEASE } from '../../src/lab/options.ts'
import type { EtcdRelease } from '../../src/ports/etcd.ts'
import { etcdReleases, noEtcd, testCacheDir } from '../support/etcd.ts'
import {
  expectNothingHalfDone,
  expectOneError,
  expectRecovered,
  recover,
  resume,
  seenThrough,
  workDirs,
} from '../support/failing-run.ts'

// Each ends in seconds on a quiet machine; a busy one must not make them lie
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 })

/** The oldest of each minor version but 3.5, which is what the other drills run. */
const releases = oldestOfEach(await etcdReleases()).filter(({ minor }) => minor !== '3.5')

describe.skipIf(releases.length === 0)(
  `a recovery with each etcd that there is (${releases.length === 0 ? noEtcd : 'all'})`,
  () => {
    const work = workDirs()
    let lab: Lab | undefined

    afterEach(async () => {
      await lab?.close()
      lab = undefined
    }, 60_000)

    afterAll(() => work.clear())

    test.each(releases)(
      'etcd $version is restored with its own minor version',
      async (release) => {
        lab = await buildLab({ release, workers: 0, store: 'file', speed: 10, eventsDecoy: false })
        const before = await incident(lab, { keys: 300, sizeBytes: 200_000, seed: 5 }, { scenarios: ['torn-log'] })
        const seen = await seenThrough(lab, (config) => Object.assign(config, { tools: { etcdBinDir: testCacheDir } }))
        const dir = work.next()
        const refused = REFUSED[release.minor]
        if (refused) {
          const back = pretendManager(lab, refused.manager)
          const run = await recover(seen, dir)
          back()
          expectOneError(run, { code: 'VERSION_MISMATCH', exit: 30, ...refused.error, step: 'trial-restore' })
          await expectNothingHalfDone(lab, dir)
        }
        const isKilled = release.minor === KILLED ? await killLeaderWhileItArchives(lab) : () => true
        expectRecovered(refused ? await resume(seen, dir) : await recover(seen, dir))
        expect(isKilled()).toBe(true)
        expect(await measure(lab, before.uncertain)).toEqual(before.expected)
        const [name = ''] = (await lab.store.listFolders('')).filter((folder) => folder.startsWith('recovered-'))
        const meta = JSON.parse((await lab.store.read(`${name}/_etcd_backup.meta`)).body.toString()) as {
          etcdVersion: string
        }
        expect(minorOf(meta.etcdVersion)).toBe(release.minor)
      },
      240_000,
    )
  },
)

/** With this one the leader is killed once between trashing what runs and starting anew: what it does then, it does by itself. */
const KILLED = '3.4'

/** Pairs that end in etcd-manager's loop after the cluster is gone (FACTS 4), and what is said about them. */
const REFUSED: Record<string, { manager: string; error: { message: RegExp; hint: RegExp } } | undefined> = {
  '3.7': {
    manager: 'v3.0.20260227',
    error: { message: /etcd-manager v3\.0\.20260227 cannot restore etcd 3\.7\.\d+/, hint: /seed-in-place/ },
  },
  '3.6': {
    manager: 'v3.0.20250704',
    error: { message: /etcd-manager v3\.0\.20250704 cannot restore etcd 3\.6\.\d+/, hint: /upgrade etcd-manager/ },
  },
}

/** Lets the container runtime of node b name another release of etcd-manager. Returns what takes it back. */
function pretendManager(lab: Lab, tag: string): () => void {
  const node = lab.nodes.find(({ name }) => name === 'b')
  if (!node) throw new Error('no node b')
  const { containers } = pathsOf(node)
  const records = readdirSync(containers)
    .filter((name) => name.endsWith('.json'))
    .map((name) => join(containers, name))
  const swap = (from: string, to: string) => {
    for (const path of records)
      writeFileSync(path, readFileSync(path, 'utf8').replace(`etcd-manager:${from}`, `etcd-manager:${to}`))
  }
  swap(PLAYED_RELEASE, tag)
  return () => swap(tag, PLAYED_RELEASE)
}

const minorOf = (version: string): string => version.split('.').slice(0, 2).join('.')

function oldestOfEach(all: EtcdRelease[]): EtcdRelease[] {
  return all.filter(({ minor }, at) => all[at - 1]?.minor !== minor)
}
