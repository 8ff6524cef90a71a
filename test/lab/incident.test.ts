import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { countServed, incident } from '../../src/lab/index.ts'
import { pathsOf } from '../../src/lab/layout.ts'
import { logsOf, release, releases, smallLab, without } from './support/lab.ts'

const data = { keys: 500, sizeBytes: 400_000, seed: 11 }
const stores = ['file', 's3'] as const

describe.skipIf(release === undefined)(`the incident (${release?.version ?? without})`, () => {
  it.each(stores)(
    'empties the cluster and leaves the data in the trashcans, store %s',
    async (store) => {
      const lab = await smallLab({ store, speed: 10, apiserver: true, eventsDecoy: true, workers: 1 })
      try {
        const { expected, lateWrites, uncertain, trashed } = await incident(lab, data)
        expect(expected.keys).toBe(data.keys + lateWrites)
        expect(lateWrites).toBeGreaterThan(0)
        expect(uncertain.size).toBeLessThanOrEqual(2)
        expect(await countServed(lab)).toBe(0)
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
        expect(expected.keys).toBe(data.keys + lateWrites)
      } finally {
        await lab.close()
      }
    },
    90_000,
  )
})
