import { createReadStream } from 'node:fs'
import { toRescueError } from '../errors/rescue-error.ts'
import { DATA_FILE, encodeMeta, META_FILE } from '../etcd-manager/backups.ts'
import { gzipParallel } from '../gzip/index.ts'
import type { EtcdClient } from '../ports/etcd.ts'
import { type Context, defineStep } from './define.ts'
import type { Facts } from './facts.ts'
import { pour } from './support/pour.ts'

type Held = Required<Pick<Facts['saved'], 'keys' | 'revision' | 'clusterId'>>
type Saved = Pick<Facts, 'saved'>
type Ctx = Context<'control'>

const nameOf = (runId: string) => `before-${runId}`

/** Whatever the running cluster holds now is kept too: the restore moves it to the trashcan, and it may be the wrong choice. */
export const saveCurrent = defineStep<'control', 'saved'>({
  id: 'save-current',
  title: 'save what the running cluster holds now',
  effect: 'change',
  needs: ['control'],
  gives: ['saved'],
  describe: () => ({
    reads: ['a snapshot of the running etcd'],
    changes: ['a new folder before-<run> in the backup store, which etcd-manager never cleans up'],
  }),
  happened: async ({ world, once, recall, runId }) => {
    const name = await once('name', () => nameOf(runId))
    const held = recall('held') as Held | undefined
    return (await world.store.head(`${name}/${META_FILE}`)) ? { saved: { name, ...held } } : undefined
  },
  act: async (context) => {
    const client = await reach(context)
    if (!client) return { saved: {} }
    try {
      return await save(context, client)
    } finally {
      await client.close()
    }
  },
})

async function reach({ world, note }: Ctx): Promise<EtcdClient | undefined> {
  try {
    return await world.live.connect()
  } catch (error) {
    note(
      `the running cluster does not answer, so nothing of it is saved (its data directories stay): ${toRescueError(error).message}`,
    )
    return undefined
  }
}

async function save({ world, once, runId, signal, progress, note, needs }: Ctx, client: EtcdClient): Promise<Saved> {
  const { version, dbSizeBytes } = await client.status()
  const held = await once('held', () => holds(client))
  const name = await once('name', () => nameOf(runId))
  await world.scratch.needRoom(dbSizeBytes)
  const path = await world.scratch.file('before.gz')
  const onBytes = (total: number) => progress('snapshot', total)
  await pour(await client.snapshot({ signal }), path, { through: gzipParallel(), signal, onBytes })
  await world.store.upload(`${name}/${DATA_FILE}`, createReadStream(path, { highWaterMark: 1 << 20 }), { signal })
  const meta = encodeMeta({ etcdVersion: version, memberCount: needs.control.memberCount, at: world.clock.now() })
  await world.store.write(`${name}/${META_FILE}`, meta, { ifAbsent: true })
  note(`the running cluster (revision ${held.revision}, ${held.keys} keys) is kept as backup ${name}`)
  return { saved: { name, ...held } }
}

/** Which cluster it is and what it holds: trigger-restore tells by it whether the restore has happened. */
async function holds(client: EtcdClient): Promise<Held> {
  const { revision, clusterId } = await client.status()
  return { keys: await client.count(), revision, clusterId }
}
