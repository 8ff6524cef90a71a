import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Scratch } from '../../../src/ports/scratch.ts'
import { thisBoot } from '../../../src/steps/support/same-boot.ts'
import { contextOf, copyOf, runStep } from './step.ts'
import { tempScratch } from './temp.ts'

/** As after a start of the machine, or on one that does not tell. */
const bootedAs = (scratch: Scratch, boot: string | undefined): Scratch => ({ ...scratch, boot: async () => boot })

/** Every step that reads what another one left here unsynced, and the first of it that it looks at. */
const readers = [
  ['check-copy', 'fetched'],
  ['restore-locally', 'fetched'],
  ['take-snapshot', 'restored'],
  ['list-nodes', 'restored'],
  ['check-members', 'restored'],
  ['gzip-snapshot', 'snapshot'],
  ['prepare-seed', 'snapshot'],
  ['publish-backup', 'gz'],
] as const

async function scene(boot: string | undefined) {
  const scratch = bootedAs(await tempScratch(), boot)
  const dir = await scratch.dir('fetched')
  const path = await scratch.file('snapshot.db')
  await mkdir(join(dir, 'member', 'snap'), { recursive: true })
  await writeFile(join(dir, 'member', 'snap', 'db'), '')
  await writeFile(path, '')
  const held = { revision: 1, keys: 1 }
  const facts = {
    copy: copyOf(),
    copies: [],
    generation: { token: 'old', clusterId: 'cc', size: 1, members: [], missing: [] },
    checked: { minor: '3.5', ...held, sizeBytes: 0, findings: [] },
    fetched: { dir, bytes: 0, files: [], boot: 'earlier' },
    restored: {
      way: 'wal',
      dataDir: dir,
      minor: '3.5',
      version: '3.5.0',
      ...held,
      wal: held,
      db: held,
      boot: 'earlier',
    },
    snapshot: { path, bytes: 0, sha256: '0'.repeat(64), boot: 'earlier' },
    gz: { path, bytes: 0, sha256: '0'.repeat(64), boot: 'earlier' },
  }
  return { facts, world: { scratch } }
}

describe('what was not synced, after the machine was started again', () => {
  test.each(readers)('%s does not take over %s', async (id) => {
    for (const boot of ['later', undefined]) {
      await expect(runStep(id, await scene(boot))).rejects.toMatchObject({
        code: 'PRECONDITION',
        message: 'this machine was started again since the copy was fetched, and what lies here of it may not be whole',
        hint: 'the original is on its node; fetch it anew: etcd-rescue recover --run 20240321T130205Z-k3f9aq --from fetch-member',
      })
    }
  })

  test.each(readers)('%s goes beyond that within the same life of the machine', async (id) => {
    const options = await scene('earlier')
    // there is nothing in these files, and no etcd: whatever is refused, it is not that
    const ended = await runStep(id, options).then(
      () => '',
      (error: Error) => error.message,
    )
    expect(ended).not.toMatch(/started again/)
  })

  test('where that cannot be told, nothing is named, and all is synced', async () => {
    const { world } = contextOf('check-copy', { world: { scratch: bootedAs(await tempScratch(), undefined) } })
    expect(await thisBoot(world)).toEqual({})
  })
})
