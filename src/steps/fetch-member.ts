import { RescueError } from '../errors/rescue-error.ts'
import type { RemoteHost } from '../ports/remote-host.ts'
import type { World } from '../ports/world.ts'
import { many } from '../words/numbers.ts'
import { defineStep } from './define.ts'
import { prepareAhead } from './support/ahead.ts'
import { fetchMemberDir } from './support/fetch-dir.ts'
import { thisBoot } from './support/same-boot.ts'

/**
 * The whole `member/` directory, not only `db`: acknowledged writes are in the WAL (FACTS 2). Originals are only read.
 * A broken transfer goes on where it broke; digests are compared on both ends.
 */
export const fetchMember = defineStep<'copy', 'fetched'>({
  id: 'fetch-member',
  title: 'fetch the member directory with its WAL',
  effect: 'local',
  needs: ['copy'],
  gives: ['fetched'],
  describe: () => ({
    reads: ['every file of the chosen member/ directory, and its SHA-256 on the node'],
    changes: ['a copy in the scratch on this machine'],
  }),
  check: async ({ world, needs: { copy } }) => {
    hostOf(world, copy.node)
  },
  act: async ({ world, needs: { copy }, progress, note, signal }) => {
    const wanted = { host: hostOf(world, copy.node), path: copy.path, id: copy.id }
    const onBytes = (done: number, total: number) => progress('fetch', done, total)
    const onDatabase = await prepareAhead(world, copy.sizeBytes + copy.walBytes)
    const made = await thisBoot(world)
    const how = { world, signal, note, onBytes, onDatabase, isDurable: made.boot === undefined }
    const fetched = { ...(await fetchMemberDir(how, wanted, ['fetched'])), ...made }
    note(`fetched ${many(fetched.files.length, 'file')}, digests equal on both ends`)
    return { fetched }
  },
})

function hostOf({ controlPlane }: World, node: string): RemoteHost {
  const host = controlPlane.find(({ name }) => name === node)
  if (host) return host
  throw new RescueError('PRECONDITION', `the copy is on node ${node}, which the config does not name`, {
    hint: 'add the node to nodes.controlPlane in etcd-rescue.yaml',
  })
}
