import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { RescueError } from '../errors/rescue-error.ts'
import { DATA_FILE, encodeMeta, META_FILE } from '../etcd-manager/backups.ts'
import { shellWord } from '../shell/quote.ts'
import { type Context, defineStep } from './define.ts'
import type { Facts } from './facts.ts'
import { mustBeOfThisBoot } from './support/same-boot.ts'

type Ctx = Context<'restored' | 'gz'>
type Published = Pick<Facts, 'backup'>

/**
 * The name does not parse as a time on purpose: etcd-manager's clean-up deletes by name, and it really deleted a
 * recovery backup before its restore (FACTS 3).
 */
const nameOf = (runId: string) => `recovered-${runId}`

export const publishBackup = defineStep<'restored' | 'gz', 'backup'>({
  id: 'publish-backup',
  title: 'publish the snapshot as a backup in the store',
  effect: 'change',
  needs: ['restored', 'gz'],
  gives: ['backup'],
  describe: () => ({
    reads: ['whether a backup of this name exists'],
    changes: [
      `a new folder in the backup store: ${DATA_FILE} first, ${META_FILE} last (a backup exists when its meta exists)`,
    ],
  }),
  check: async ({ runId, world, once }) => {
    const name = await once('name', () => nameOf(runId))
    const meta = await world.store.head(`${name}/${META_FILE}`)
    if (meta) {
      throw new RescueError('STORE_CONFLICT', `a backup named ${name} exists already in ${world.store.url}`, {
        hint: `look at it with: etcd-rescue backup verify ${shellWord(name)}`,
      })
    }
  },
  happened: async (context) => {
    const name = await context.once('name', () => nameOf(context.runId))
    const meta = await context.world.store.head(`${name}/${META_FILE}`)
    return meta && published(context, name)
  },
  act: async (context) => {
    const { world, once, runId, incoming, settled, signal, progress } = context
    const name = await once('name', () => nameOf(runId))
    const source = incoming ?? (await fileOf(context))
    const onProgress = (sent: number) => progress('upload', sent)
    const { bytes } = await world.store.upload(`${name}/${DATA_FILE}`, source, { signal, onProgress })
    const { gz, restored } = await settled
    if (bytes !== gz.bytes) throw short(bytes, gz.bytes)
    const now = world.clock.now()
    const meta = encodeMeta({
      etcdVersion: restored.version,
      memberCount: world.target.nodes.controlPlane.length,
      at: now,
    })
    await world.store.write(`${name}/${META_FILE}`, meta, { ifAbsent: true })
    context.note(`published ${name}`)
    return published(context, name)
  },
  verify: async ({ world, needs }, { backup }) => {
    const info = await world.store.head(`${backup.name}/${DATA_FILE}`)
    if (info?.size !== needs.gz.bytes) throw short(info?.size ?? 0, needs.gz.bytes)
  },
  undo: async ({ world, once, runId }) => {
    const name = await once('name', () => nameOf(runId))
    await world.store.remove(`${name}/${META_FILE}`)
    await world.store.remove(`${name}/${DATA_FILE}`)
  },
})

/** What an earlier attempt has compressed. */
async function fileOf(context: Ctx): Promise<Readable> {
  const { gz } = await context.settled
  await mustBeOfThisBoot(context, gz)
  return createReadStream(gz.path, { highWaterMark: 1 << 20 })
}

async function published({ world, settled }: Ctx, name: string): Promise<Published> {
  const { gz, restored } = await settled
  const { version: etcdVersion, keys } = restored
  return { backup: { name, store: world.store.url, bytes: gz.bytes, etcdVersion, keys } }
}

function short(got: number, want: number): RescueError {
  return new RescueError('STORE_CORRUPT', `the store holds ${got} bytes of the backup where ${want} were sent`, {
    hint: 'no meta file was written, so no reader takes it for a backup; resume the run to upload it again',
  })
}
