import { z } from 'zod'
import { RescueError } from '../errors/rescue-error.ts'
import { copyColumns } from '../words/copy-cells.ts'
import { many } from '../words/numbers.ts'
import { type Context, defineStep } from './define.ts'
import type { Copy } from './facts.ts'
import { copiesOn } from './support/copies.ts'
import { copyRows } from './support/copy-table.ts'
import { askAll, type SearchOfAll } from './support/look.ts'
import { namedNodes } from './support/named-nodes.ts'
import { rankCopies } from './support/rank.ts'
import { mustBeSearched } from './support/searched.ts'
import { volumesOf } from './support/volumes.ts'

const inputs = z.strictObject({
  /** Nodes that may be left unsearched, with commas between: what is on them is not wanted. */
  unsearched: z.string().default(''),
  /** Nodes that are surely off, with commas between: they are left unsearched as well. */
  down: z.string().default(''),
  /** Whether there is anything to do without a copy on a node. */
  copies: z.enum(['needed', 'optional']).default('needed'),
})
type Inputs = z.infer<typeof inputs>
type Ctx = Context<never, Inputs>

/**
 * Good data may lie on any member, any volume, in `data-trashcan/` or in a stale `data/<token>`: looks in all. What could
 * not be looked at is said, and stops a run that nobody watches: before anything is changed.
 */
export const discoverTrashcan = defineStep<never, 'copies' | 'unsearched', Inputs>({
  id: 'discover-trashcan',
  title: 'find every copy of the data on the control plane',
  effect: 'read',
  gives: ['copies', 'unsearched'],
  inputs,
  describe: () => ({
    reads: [
      'data/ and data-trashcan/ of every volume on every control-plane node',
      'a few pages of each database found',
    ],
    changes: [],
  }),
  act: async (context) => {
    const { world, table, note, inputs } = context
    const { found: all, unsearched } = await search(context)
    const { etcdCluster } = world.target
    const copies = rankCopies(all.filter((copy) => copy.etcdCluster === etcdCluster || copy.etcdCluster === 'unknown'))
    const others = all.length - copies.length
    if (others > 0)
      note(
        `${many(others, 'copy belongs', 'copies belong')} to other etcd clusters (${names(all, etcdCluster)}): left alone`,
      )
    if (copies.length > 0) table(copyColumns, copyRows(copies))
    await mustBeSearched(context, unsearched, acceptedIn(context))
    if (copies.length === 0 && inputs.copies === 'needed') throw nothing(etcdCluster)
    return { copies, unsearched }
  },
})

function acceptedIn({ world, inputs }: Ctx): string[] {
  const nodes = world.controlPlane.map(({ name }) => name)
  return [...namedNodes('unsearched', inputs.unsearched, nodes), ...namedNodes('down', inputs.down, nodes)]
}

function search({ world, note, progress }: Ctx): Promise<SearchOfAll<Copy>> {
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
