import { RescueError, toRescueError } from '../errors/rescue-error.ts'
import type { ErrorCode } from '../errors/table.ts'
import { type Context, defineStep } from './define.ts'
import type { Copy } from './facts.ts'
import { copiesOn } from './support/copies.ts'
import { copyColumns, copyRow } from './support/copy-table.ts'
import { rankCopies } from './support/rank.ts'
import { volumesOf } from './support/volumes.ts'

/** Good data may lie on any member, any volume, in `data-trashcan/` or in a stale `data/<token>`: looks in all. */
export const discoverTrashcan = defineStep<never, 'copies'>({
  id: 'discover-trashcan',
  title: 'find every copy of the data on the control plane',
  effect: 'read',
  gives: ['copies'],
  describe: () => ({
    reads: [
      'data/ and data-trashcan/ of every volume on every control-plane node',
      'a few pages of each database found',
    ],
    changes: [],
  }),
  act: async (context) => {
    const { world, table, note } = context
    const all = await search(context)
    const { etcdCluster } = world.target
    const copies = rankCopies(all.filter((copy) => copy.etcdCluster === etcdCluster || copy.etcdCluster === 'unknown'))
    const others = all.length - copies.length
    if (others > 0)
      note(`${others} copies belong to other etcd clusters (${names(all, etcdCluster)}) and are left alone`)
    if (copies.length === 0) throw nothing(etcdCluster)
    table(copyColumns, copies.map(copyRow))
    return { copies }
  },
})

/**
 * A dead node must not hold up the others. One that is up and does not let us in may hold the only copy with the last
 * writes, and letting us in is the operator's to do; a changed host key must never be passed over.
 */
const TO_BE_MENDED: ReadonlySet<ErrorCode> = new Set([
  'HOST_KEY_CHANGED',
  'HOST_KEY_UNKNOWN',
  'HOST_AUTH',
  'HOST_SUDO',
  'ANSWER_MISSING',
  'STOPPED',
  'BUG',
])

async function search({ world, note, progress }: Context<never>): Promise<Copy[]> {
  let asked = 0
  const answers = await Promise.all(
    world.controlPlane.map(async (host) => {
      try {
        return await copiesOn(host, volumesOf(world.target, host))
      } catch (error) {
        const failed = toRescueError(error)
        if (TO_BE_MENDED.has(failed.code)) throw failed
        note(`${host.name} could not be searched: ${failed.message}`)
        return failed
      } finally {
        progress('nodes', ++asked, world.controlPlane.length, 'items')
      }
    }),
  )
  const failed = answers.find((answer) => answer instanceof RescueError)
  if (failed && answers.every((answer) => answer instanceof RescueError)) throw failed
  return answers.flatMap((answer) => (answer instanceof RescueError ? [] : answer))
}

function names(copies: readonly Copy[], own: string): string {
  return [...new Set(copies.map((copy) => copy.etcdCluster).filter((name) => name !== own && name !== 'unknown'))].join(
    ', ',
  )
}

function nothing(etcdCluster: string): RescueError {
  return new RescueError('COPY_NOT_FOUND', `no copy of etcd ${etcdCluster} was found on any control-plane node`, {
    hint: 'check nodes and volumes in etcd-rescue.yaml: volumes are the directories that hold data/ and data-trashcan/',
  })
}
