import { createReadStream } from 'node:fs'
import { gzipParallel } from '../gzip/index.ts'
import { defineStep } from './define.ts'
import { pour } from './support/pour.ts'

export const gzipSnapshot = defineStep<'snapshot', 'gz'>({
  id: 'gzip-snapshot',
  title: 'compress the snapshot as etcd-manager does',
  effect: 'local',
  needs: ['snapshot'],
  gives: ['gz'],
  describe: () => ({ reads: ['the snapshot file'], changes: ['one etcd.backup.gz in the scratch'] }),
  act: async ({ world, signal, incoming, outgoing, settled, progress }) => {
    const path = await world.scratch.file('etcd.backup.gz')
    const source = incoming ?? createReadStream((await settled).snapshot.path, { highWaterMark: 1 << 20 })
    const onBytes = (total: number) => progress('gzip', total)
    const poured = await pour(source, path, { through: gzipParallel(), outgoing, signal, onBytes })
    await settled
    return { gz: { path, ...poured } }
  },
})
