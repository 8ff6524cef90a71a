import { RescueError } from '../errors/rescue-error.ts'
import { type Context, defineStep } from './define.ts'
import type { Copy } from './facts.ts'
import { copiesOn } from './support/copies.ts'
import { copyColumns, copyRows } from './support/copy-table.ts'
import { askAll } from './support/look.ts'
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
    table(copyColumns, copyRows(copies))
    return { copies }
  },
})

function search({ world, note, progress }: Context<never>): Promise<Copy[]> {
  const { target, controlPlane } = world
  let asked = 0
  return askAll(controlPlane, (host) => copiesOn(host, volumesOf(target, host), target.cluster), {
    note,
    asked: () => progress('nodes', ++asked, controlPlane.length, 'items'),
  })
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
