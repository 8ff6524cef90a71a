import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { countServed, incident, type Lab, survey } from '../../src/lab/index.ts'
import { landmarks } from '../../src/lab/landmarks.ts'
import { pathsOf } from '../../src/lab/layout.ts'
import { logsOf, release, releases, smallLab, without } from './support/lab.ts'

const data = { keys: 500, sizeBytes: 400_000, seed: 11 }
const stores = ['file', 's3'] as const

/** Beside the seed's and the late ones: landmarks but the masterlease, the lock, and two keys on each of five leases. */
const ownKeys = (lab: Lab): number => landmarks(lab.nodes).length - 1 + 1 + 5 * 2

describe.skipIf(release === undefined)(`the incident (${release?.version ?? without})`, () => {
  it.each(stores)(
    'empties the cluster and leaves the data in the trashcans, store %s',
    async (store) => {
      const lab = await smallLab({ store, speed: 10, apiserver: true, eventsDecoy: true, workers: 1 })
      try {
        const happened = await incident(lab, data)
        const { expected, lateWrites, uncertain, trashed, leases, memberIds, clusterId } = happened
        expect(expected.keys).toBe(data.keys + ownKeys(lab) + lateWrites)
        expect(happened.revision).toBeGreaterThan(data.keys + lateWrites)
        expect(leases.map(({ keys }) => keys.length)).toEqual([2, 2, 2, 2, 2])
        expect(new Set(memberIds).size).toBe(3)
        expect(lateWrites).toBeGreaterThan(0)
        expect(uncertain.size).toBeLessThanOrEqual(2)
        expect(await countServed(lab)).toBe(0)
        const now = await survey(lab, happened)
        expect(now).toMatchObject({ keys: 0, leasesKept: 0, writesLost: lateWrites, restIsSame: false })
        expect(now.revision).toBeLessThan(happened.revision)
        expect(now.clusterId).not.toBe(clusterId)
        expect(now.memberIds.filter((id) => memberIds.includes(id))).toEqual([])
        for (const node of ['a', 'b', 'c']) expect(trashed[node]).toHaveLength(1)
        const log = logsOf(lab)
        for (const line of [
          'StopEtcd request',
          'killing etcd with datadir',
          'Exited etcd: signal: killed',
          'took backup',
        ]) {
          expect(log).toContain(line)
        }
        const config = parse(await readFile(lab.configFile, 'utf8')) as { nodes: { controlPlane: unknown[] } }
        expect(config.nodes.controlPlane).toHaveLength(3)
        const events = join(pathsOf(lab.nodes[0] ?? { root: '' }).eventsVolume, 'data-trashcan')
        const [decoy = ''] = await readdir(events)
        expect(await readdir(join(events, decoy, 'member'))).toEqual(['snap', 'wal'])
      } finally {
        await lab.close()
      }
      await expect(readdir(lab.dir)).rejects.toThrow('ENOENT')
    },
    90_000,
  )

  const others = releases.filter(({ minor }) => minor !== release?.minor)
  it.each(others.map((one) => [one.version, one] as const))(
    'happens with etcd %s as well',
    async (_version, other) => {
      const lab = await smallLab({ release: other })
      try {
        const { expected, lateWrites } = await incident(lab, data)
        expect(expected.keys).toBe(data.keys + ownKeys(lab) + lateWrites)
      } finally {
        await lab.close()
      }
    },
    90_000,
  )
})
