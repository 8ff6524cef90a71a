import { createReadStream } from 'node:fs'
import { z } from 'zod'
import { RescueError } from '../errors/rescue-error.ts'
import type { ErrorCode } from '../errors/table.ts'
import { DATA_FILE, encodeMeta, META_FILE } from '../etcd-manager/backups.ts'
import { gzipParallel } from '../gzip/index.ts'
import type { EtcdClient } from '../ports/etcd.ts'
import { count, many } from '../words/numbers.ts'
import { type Context, defineStep } from './define.ts'
import type { Facts } from './facts.ts'
import { pour } from './support/pour.ts'

type Held = Required<Pick<Facts['saved'], 'revision' | 'clusterId'>> & { keys?: number }
type Saved = Pick<Facts, 'saved'>
const inputs = z.strictObject({
  /** When what runs cannot be read: ask, or accept that nothing is saved of it. */
  unsaved: z.enum(['ask', 'accept']).default('ask'),
})
type Inputs = z.infer<typeof inputs>
type Ctx = Context<'control', Inputs>

const nameOf = (runId: string) => `before-${runId}`

/** Whatever the running cluster holds now is kept too: the restore moves it to the trashcan, and it may be the wrong choice. */
export const saveCurrent = defineStep<'control', 'saved', Inputs>({
  id: 'save-current',
  title: 'save what the running cluster holds now',
  effect: 'change',
  needs: ['control'],
  gives: ['saved'],
  inputs,
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
    const taken = await take(context)
    return taken ? publish(context, taken) : { saved: {} }
  },
})

interface Taken {
  path: string
  version: string
  held: Held
}

/** A snapshot of the running etcd on this machine; undefined when it can't be read and the operator goes on all the same. */
async function take(context: Ctx): Promise<Taken | undefined> {
  try {
    const client = await context.world.live.connect()
    try {
      return await snapshot(context, client)
    } finally {
      await client.close()
    }
  } catch (error) {
    if (context.signal.aborted || !(error instanceof RescueError) || !OF_THE_CLUSTER.has(error.code)) throw error
    await goOnWithout(context, error)
    return undefined
  }
}

/** What says that the running cluster can't be read. A full disk or an aborted run say nothing of it. */
const OF_THE_CLUSTER = new Set<ErrorCode>([
  'ETCD_UNREACHABLE',
  'ETCD_FAILED',
  'TIMED_OUT',
  'HOST_UNREACHABLE',
  'HOST_CONNECTION_LOST',
  'HOST_COMMAND',
  'HOST_OUTPUT',
])

/** A cluster that does not answer is why many come here. Its data directories stay, but that is for the operator to know. */
async function goOnWithout({ world, note, inputs }: Ctx, { message }: RescueError): Promise<void> {
  const said = `what the running cluster holds cannot be saved (${message}); the restore only moves its data directories to data-trashcan/`
  const question = `${said}. Go on without a backup of it?`
  const isAccepted =
    inputs.unsaved === 'accept' ||
    (await world.prompter.confirm(question, {
      flag: 'a terminal, or in a new run --set unsaved=accept',
      default: false,
    }))
  if (!isAccepted) {
    throw new RescueError('PRECONDITION', said, {
      hint: 'nothing was restored yet; bring its etcd back and resume the run, or resume it and agree',
    })
  }
  note(said)
}

async function snapshot(context: Ctx, client: EtcdClient): Promise<Taken> {
  const { world, once, signal, progress } = context
  const { version, dbSizeBytes } = await client.status()
  const held = await once('held', () => holds(client))
  await world.scratch.needRoom(dbSizeBytes)
  const path = await world.scratch.file('before.gz')
  const onBytes = (total: number) => progress('snapshot', total)
  await pour(await client.snapshot({ signal }), path, { through: gzipParallel(), signal, onBytes })
  return { path, version, held }
}

async function publish({ world, once, runId, signal, note, needs }: Ctx, taken: Taken): Promise<Saved> {
  const { path, version, held } = taken
  const name = await once('name', () => nameOf(runId))
  await world.store.upload(`${name}/${DATA_FILE}`, createReadStream(path, { highWaterMark: 1 << 20 }), { signal })
  const meta = encodeMeta({ etcdVersion: version, memberCount: needs.control.memberCount, at: world.clock.now() })
  await world.store.write(`${name}/${META_FILE}`, meta, { ifAbsent: true })
  const keys = held.keys === undefined ? 'keys not counted: no quorum' : many(held.keys, 'key')
  note(
    `the running cluster (revision ${held.revision === undefined ? 'not known' : count(held.revision)}, ${keys}) is kept as backup ${name}`,
  )
  return { saved: { name, ...held } }
}

/** Which cluster it is and what it holds: trigger-restore tells by it whether the restore has happened. */
async function holds(client: EtcdClient): Promise<Held> {
  const { revision, clusterId } = await client.status()
  // counting wants a quorum; a snapshot does not, and is worth having without one
  const keys = await client.count().catch(() => undefined)
  return { revision, clusterId, ...(keys === undefined ? {} : { keys }) }
}
