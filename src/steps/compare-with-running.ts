import { join } from 'node:path'
import { liveKv, openFileSource } from '../bolt/index.ts'
import { compareSets } from '../digest/index.ts'
import { toRescueError } from '../errors/rescue-error.ts'
import { DiffTally } from '../kube/index.ts'
import type { EtcdClient } from '../ports/etcd.ts'
import { count, many } from '../words/numbers.ts'
import { type Context, defineStep } from './define.ts'

type Ctx = Context<'expected'>

const KINDS_SHOWN = 30
const LOST_SHOWN = 20

/**
 * The last look before the point of no return: what the restore brings back, and what of the running cluster is lost
 * with it, by kind. In the incident nobody could say.
 */
export const compareWithRunning = defineStep<'expected'>({
  id: 'compare-with-running',
  title: 'say what comes back, and what of the running cluster is lost',
  effect: 'read',
  needs: ['expected'],
  describe: () => ({ reads: ['every key and value of the running etcd, and of the trial restore'], changes: [] }),
  act: async (context) => {
    const { world, signal, note } = context
    try {
      const client = await world.live.connect()
      try {
        tell(context, await compare(context, client))
      } finally {
        await client.close()
      }
    } catch (error) {
      if (signal.aborted) throw error
      // a cluster that does not answer is why many come here, and save-current has asked whether to go on
      note(`what the running cluster holds could not be compared: ${toRescueError(error).message}`)
    }
    return {}
  },
})

/** A: the running cluster, as of one revision. B: what will be restored. */
async function compare({ needs, signal, progress }: Ctx, client: EtcdClient): Promise<DiffTally> {
  const tally = new DiffTally(LOST_SHOWN)
  const { revision } = await client.status()
  const source = await openFileSource(join(needs.expected.dataDir, 'member', 'snap', 'db'))
  try {
    await compareSets(
      () => client.range({ revision, signal }),
      () => liveKv(source, { signal }),
      {
        onDifference: (difference, pair) => tally.take(difference, pair),
        onKeys: (done) => progress('keys', done, undefined, 'keys'),
      },
    )
    return tally
  } finally {
    await source.close()
  }
}

function tell({ note, table }: Ctx, tally: DiffTally): void {
  const { comesBack, isLost, changes } = tally.totals
  const kinds = tally.kinds()
  table(
    ['resource', 'namespace', 'come back', 'lost', 'change'],
    kinds
      .slice(0, KINDS_SHOWN)
      .map((kind) => [
        kind.resource,
        kind.namespace ?? '',
        ...[kind.comesBack, kind.isLost, kind.changes].map((keys) => String(keys)),
      ]),
  )
  if (kinds.length > KINDS_SHOWN) note(`and ${many(kinds.length - KINDS_SHOWN, 'more kind')}`)
  note(
    `the restore brings back ${many(comesBack, 'key')}, changes ${count(changes)}, and drops ${many(isLost, 'that is', 'that are')} only there now`,
  )
  const lost = tally.objects.filter(({ what, expected }) => what === 'is-lost' && expected === undefined)
  if (lost.length > 0) note(`lost with the running cluster: ${lost.map(({ key }) => JSON.stringify(key)).join(', ')}`)
  for (const [why, keys] of Object.entries(tally.expected)) note(`of these, ${keys} are no loss: ${why}`)
  if (tally.phantoms.count > 0)
    note(
      `${many(tally.phantoms.count, 'pod comes', 'pods come')} back as recorded, though nothing may run any more (phantoms)`,
    )
}
