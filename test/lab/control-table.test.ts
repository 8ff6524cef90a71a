import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { backupNames, kopsUpdateCluster, loseControlFiles, MARKER, SPEC } from '../../src/lab/control-files.ts'
import { fill } from '../../src/lab/fill.ts'
import { countServed, type Lab } from '../../src/lab/index.ts'
import { pathsOf } from '../../src/lab/layout.ts'
import { pause, waitFor } from '../../src/lab/wait.ts'
import { logged, logsOf, release, restartManager, smallLab, times, without } from './support/lab.ts'

const KEYS = 50
const SILENT = 'no cluster spec set - must seed new cluster'

/** FACTS 1, row by row, on one cluster that serves throughout; the last row is the one that detonates it. */
describe.skipIf(release === undefined)(`control files under the double (${release?.version ?? without})`, () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await smallLab()
    await lab.ready()
    await fill(lab, { keys: KEYS, sizeBytes: 20_000, seed: 1 })
  }, 60_000)
  afterAll(() => lab?.close())

  async function backupsResume() {
    const before = (await backupNames(lab)).length
    await waitFor('a new backup', 20_000, async () => ((await backupNames(lab)).length > before ? true : undefined))
  }

  async function backupsAreSilent() {
    await pause(1_500)
    const before = await backupNames(lab)
    await pause(3_500)
    expect(await backupNames(lab)).toEqual(before)
  }

  const trashed = async () =>
    (await readdir(join(pathsOf(lab.nodes[0] ?? { root: '/' }).mainVolume, 'data-trashcan'))).length

  async function stillServes() {
    expect(await countServed(lab)).toBe(KEYS)
    expect(await trashed()).toBe(0)
  }

  it('marker and spec present: backups at intervals', async () => {
    await backupsResume()
    await stillServes()
  })

  it('spec missing: as cached until the leader restarts, then no backups', async () => {
    await lab.store.remove(SPEC)
    await backupsResume()
    await restartManager(lab)
    await logged(lab, SILENT)
    await backupsAreSilent()
    await waitFor('the cluster serves', 20_000, () => countServed(lab))
    await stillServes()
  }, 60_000)

  it('an empty marker blocks everything', async () => {
    const marker = (await lab.store.read(MARKER)).body
    await lab.store.write(MARKER, Buffer.alloc(0))
    await logged(lab, 'was unexpectedly empty: <nil>', 2)
    await backupsAreSilent()
    await stillServes()
    await lab.store.write(MARKER, marker)
  }, 60_000)

  it('both missing: keeps serving, and backups stop silently', async () => {
    await loseControlFiles(lab)
    const before = times(logsOf(lab), 'detected that there is no existing cluster')
    await logged(lab, 'detected that there is no existing cluster', before + 2)
    await backupsAreSilent()
    await stillServes()
  }, 60_000)

  it('is repaired while it serves by marker, spec, and a restart of the leader, in this order', async () => {
    await lab.store.write(MARKER, Buffer.from('{"timestamp":1711026125000000000}'))
    await kopsUpdateCluster(lab)
    await restartManager(lab)
    await waitFor('the cluster serves', 20_000, () => countServed(lab))
    await backupsResume()
    await stillServes()
  }, 60_000)

  it('marker missing, spec present: trashes the data within a loop, without any restart', async () => {
    await lab.store.remove(MARKER)
    await waitFor('the data is trashed', 20_000, async () => ((await trashed()) === 1 ? true : undefined))
    await lab.ready()
    expect(await countServed(lab)).toBe(0)
    await backupsResume()
    expect(await lab.store.head(MARKER)).toBeDefined()
  }, 60_000)
})
