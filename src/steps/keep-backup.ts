import { RescueError } from '../errors/rescue-error.ts'
import { DATA_FILE, META_FILE, parseMeta } from '../etcd-manager/backups.ts'
import { META_MAX_BYTES } from '../etcd-manager/meta.ts'
import { mayBeCleanedUp } from '../etcd-manager/names.ts'
import { shellWord } from '../shell/quote.ts'
import { type Context, defineStep } from './define.ts'
import type { Facts } from './facts.ts'

type Ctx = Context<'backup'>
type Kept = Pick<Facts, 'backup'>

const nameOf = (runId: string) => `recovered-${runId}`

/**
 * etcd-manager's clean-up deletes by name, hourly and after a leader's first backup: of an incident at 10:50 it takes the
 * backups of 10:15 to 10:45 at 11:50, all their versions too (FACTS 3). The restore destroys the running cluster before it
 * reads the backup (FACTS 4). So the chosen bytes get a name that is no time first, and are tried and restored from there.
 */
export const keepBackup = defineStep<'backup', 'backup'>({
  id: 'keep-backup',
  title: 'copy the chosen backup to a name that no clean-up deletes',
  effect: 'change',
  needs: ['backup'],
  gives: ['backup'],
  describe: () => ({
    reads: ['the chosen backup'],
    changes: [
      `a new folder recovered-<run> in the backup store: ${DATA_FILE} first, ${META_FILE} last; none where the chosen name is no time`,
    ],
  }),
  check: async (context) => {
    const { world, needs } = context
    if (!mayBeCleanedUp(needs.backup.name)) return
    const name = await ownName(context)
    if (await world.store.head(`${name}/${META_FILE}`)) throw exists(name, world.store.url)
  },
  happened: async (context) => {
    const name = await ownName(context)
    return (await context.world.store.head(`${name}/${META_FILE}`)) && kept(context, name)
  },
  act: async (context) => {
    const { needs, note } = context
    const { name: from } = needs.backup
    if (!mayBeCleanedUp(from)) {
      note(`${from} has a name that etcd-manager's clean-up never deletes: it is restored from there`)
      return { backup: needs.backup }
    }
    const name = await copyTo(context, await ownName(context))
    note(`${from} is kept as ${name}: etcd-manager's clean-up may delete the first, and never the second`)
    return kept(context, name)
  },
  verify: async ({ world }, { backup }) => {
    const info = await world.store.head(`${backup.name}/${DATA_FILE}`)
    if (info?.size !== backup.bytes) throw short(backup.name, info?.size ?? 0, backup.bytes)
  },
  undo: async (context, gives) => {
    // where nothing was copied there is nothing of ours to remove
    const name = await ownName(context)
    if (gives !== undefined && gives.backup.name !== name) return
    await context.world.store.remove(`${name}/${META_FILE}`)
    await context.world.store.remove(`${name}/${DATA_FILE}`)
  },
})

const ownName = ({ once, runId }: Ctx): Promise<string> => once('name', () => nameOf(runId))

/** Through this machine: not every store copies by itself. The meta, which makes it a backup, is read first and written last. */
async function copyTo({ world: { store }, needs: { backup }, signal, progress }: Ctx, name: string): Promise<string> {
  try {
    const { body: meta } = await store.read(`${backup.name}/${META_FILE}`, { maxBytes: META_MAX_BYTES, signal })
    parseMeta(meta)
    const source = await store.stream(`${backup.name}/${DATA_FILE}`, { signal })
    const onProgress = (sent: number) => progress('copy', sent, backup.bytes)
    const { bytes } = await store.upload(`${name}/${DATA_FILE}`, source, { signal, onProgress })
    if (bytes !== backup.bytes) throw short(name, bytes, backup.bytes)
    await store.write(`${name}/${META_FILE}`, meta, { ifAbsent: true, signal })
    return name
  } catch (error) {
    throw error instanceof RescueError && error.code === 'OBJECT_MISSING' ? gone(backup.name, error) : error
  }
}

function kept({ needs: { backup } }: Ctx, name: string): Kept {
  return { backup: { ...backup, name, from: backup.from ?? backup.name } }
}

function exists(name: string, store: string): RescueError {
  return new RescueError('STORE_CONFLICT', `a backup named ${name} exists already in ${store}`, {
    hint: `look at it with: etcd-rescue backup verify ${shellWord(name)}`,
  })
}

function gone(name: string, cause: RescueError): RescueError {
  return new RescueError('OBJECT_MISSING', `the backup ${name} has gone from the store since it was chosen`, {
    hint: "etcd-manager's clean-up deletes by name, hourly; nothing was changed on the cluster: start again with etcd-rescue recover",
    cause,
  })
}

function short(name: string, got: number, want: number): RescueError {
  return new RescueError('STORE_CORRUPT', `the copy ${name} has ${got} bytes where the chosen backup had ${want}`, {
    hint: 'resume the run to copy it again; the chosen backup may have been written over: etcd-rescue backup list',
  })
}
