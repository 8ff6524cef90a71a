import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { memoryWorld } from '../../../src/adapters/memory/world.ts'
import { findPlaces } from '../../../src/steps/support/seats.ts'
import { node, targetOf } from './nodes.ts'
import { copyOf } from './step.ts'
import { tempDir } from './temp.ts'

/** An etcd of 3.5.17 in the container of process 7, and a link at 3.5.7. */
async function installedWith(target: string): Promise<string[]> {
  const root = await tempDir()
  const opt = join(root, 'proc/7/root/opt')
  for (const version of ['3.5.7', '3.5.17']) mkdirSync(join(opt, `etcd-v${version}`), { recursive: true })
  writeFileSync(join(opt, 'etcd-v3.5.17/etcd'), '', { mode: 0o755 })
  symlinkSync(target, join(opt, 'etcd-v3.5.7/etcd'))
  const host = node('a', { root, pid: 7 })
  const world = memoryWorld({ controlPlane: [host], target: targetOf([host]) })
  const copy = copyOf({ path: join(root, 'mnt/v/data/t'), place: 'data', serving: true })
  const {
    places: [place],
  } = await findPlaces({ world, note: () => {} }, [copy])
  return [...(place?.installed ?? [])].sort()
}

test('a version that is a link in the container is carried; one of which that cannot be told is not one that it lacks', async () => {
  expect(await installedWith('/opt/etcd-v3.5.17/etcd')).toEqual(['3.5.17', '3.5.7'])
  expect(await installedWith('/opt/nowhere/etcd')).toEqual(['3.5.17', '3.5.7'])
})
