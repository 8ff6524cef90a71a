import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { cutLog } from './cut-log.ts'
import { peekCopy, readLogAlone } from './look.ts'
import { told } from './mended-log.ts'
import type { Way } from './way.ts'

/**
 * The database and its raft snapshots set aside: an etcd makes it anew from a log that is whole from index 0, as that of a
 * young cluster is.
 */
export const rebuilt: Way = {
  title: 'the database made anew from the log',
  needsDatabase: false,
  prepare: async (member, signal) => {
    const log = await readLogAlone(member, signal)
    const { rebuildsTo } = log
    if (rebuildsTo === undefined) return { not: log.why ?? 'its log does not reach back to index 0' }
    // a database that can be read holds more than a log that was cut: making it anew would take that away
    const { consistentIndex = 0 } = await peekCopy(member)
    if (rebuildsTo < consistentIndex)
      return { not: `its log reaches ${rebuildsTo}, and the database holds ${consistentIndex}` }
    const snap = join(member, 'snap')
    for (const name of await readdir(snap).catch(() => [])) await rm(join(snap, name), { force: true, recursive: true })
    const marked = await cutLog(member, log)
    const did = `set aside the database, and let an etcd make it anew from the log, which is whole from index 0 to ${rebuildsTo}`
    // without a database nothing else says how far it went: whatever was cut is a question
    const isCut = log.end?.isTorn === true || log.filesAfter.length > 0
    const loses = isCut ? `what was behind entry ${rebuildsTo} of its log is lost` : undefined
    return { did: [did, ...told({ ...log, setAside: [] })], marked, reach: rebuildsTo, ...(loses && { loses }) }
  },
}
