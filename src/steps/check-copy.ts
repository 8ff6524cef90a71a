import { join } from 'node:path'
import { checkDb, openFileSource, peekDb } from '../bolt/index.ts'
import { RescueError } from '../errors/rescue-error.ts'
import { defineStep } from './define.ts'
import { endReplay, replayWal } from './support/replay.ts'
import { mustBeOfThisBoot } from './support/same-boot.ts'

export const checkCopy = defineStep<'copy' | 'fetched', 'checked'>({
  id: 'check-copy',
  title: 'check the fetched database, page by page',
  effect: 'local',
  needs: ['copy', 'fetched'],
  gives: ['checked'],
  describe: () => ({
    reads: ['every page of the fetched database on this machine'],
    changes: ['a working copy in the scratch, on which a local etcd starts meanwhile'],
  }),
  check: (context) => mustBeOfThisBoot(context, context.needs.fetched),
  act: async ({ world, needs, note, signal }) => {
    const source = await openFileSource(join(needs.fetched.dir, 'member', 'snap', 'db'))
    try {
      const peek = await peekDb(source)
      const minor = minorOf(peek.etcdVersion ?? needs.copy.etcdVersion)
      // restore-locally needs it, and tells what became of it
      replayWal(world, needs.fetched, minor, signal).catch(() => {})
      const scan = await checkDb(source, { signal })
      if (scan.keys === 0) throw empty(needs.copy.id)
      for (const finding of scan.findings) note(finding)
      note(`db alone: revision ${scan.revision}, ${scan.keys} keys; what only the WAL holds comes on top`)
      return {
        checked: { minor, revision: scan.revision, keys: scan.keys, sizeBytes: source.size, findings: scan.findings },
      }
    } catch (error) {
      await endReplay(world)
      throw error
    } finally {
      await source.close()
    }
  },
})

/** etcd's cluster version is absent in a member that never saw its leader's version; 3.5 reads all that 3.4 wrote. */
function minorOf(version: string | undefined): string {
  return version ? version.split('.').slice(0, 2).join('.') : '3.5'
}

function empty(id: string): RescueError {
  return new RescueError('COPY_CORRUPT', `the copy ${id} holds no keys: it is an empty cluster's`, {
    hint: 'choose another copy: etcd-rescue recover --copy NODE:TOKEN',
  })
}
