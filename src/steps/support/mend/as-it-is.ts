import { join } from 'node:path'
import { commitWal } from '../commit-wal.ts'
import { peekCopy } from './look.ts'
import type { Way } from './way.ts'

/**
 * Nothing is known to be wrong with it: only the end of its log is marked. What is before that end was not read; an etcd
 * reads all of it when it starts, and refuses what is damaged.
 */
export const asItIs: Way = {
  title: 'the directory as it is',
  needsDatabase: true,
  prepare: async (member) => {
    const { log, walIndex } = await peekCopy(member)
    if (log.state !== 'unread' && log.state !== 'whole') return { not: log.why ?? `its log is ${log.state}` }
    const { marked } = await commitWal(join(member, 'wal'))
    return { did: [], marked, ...(walIndex === undefined ? {} : { reach: walIndex }) }
  },
}
