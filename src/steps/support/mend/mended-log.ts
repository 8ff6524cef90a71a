import type { MemberLog } from '../../../bolt/index.ts'
import { cutLog } from './cut-log.ts'
import { readCopyLog } from './look.ts'
import { lossOf, type Way } from './way.ts'

/** Its log cut to what is sound and reaches beyond the database, without the raft snapshots that are in the way. */
export const mendedLog: Way = {
  title: 'its log cut to what is sound',
  needsDatabase: true,
  prepare: async (member, signal) => {
    const log = await readCopyLog(member, signal)
    const { startsAt, lastIndex = startsAt } = log
    const isLost = log.state === 'database-lost'
    if (isLost || startsAt === undefined || lastIndex === undefined)
      return { not: log.why ?? 'its log does not reach the database' }
    const marked = await cutLog(member, log)
    const loses = lossOf(log)
    return { did: told(log), marked, reach: Math.max(startsAt, lastIndex), ...(loses === undefined ? {} : { loses }) }
  },
}

/** What was done to the working copy, each in a sentence. */
export function told({ state, why, setAside, filesBefore, filesAfter, lastIndex, end }: MemberLog): string[] {
  const files = [...filesBefore, ...filesAfter]
  const until = `entry ${lastIndex ?? 0}`
  return [
    ...(setAside.length > 0
      ? [
          `set aside raft snapshots that the database is older than (${list(setAside)}): the log is replayed in their place`,
        ]
      : []),
    ...(files.length > 0 ? [`left out WAL files that do not go on from the others (${list(files)})`] : []),
    ...(end?.isTorn && state === 'ends-torn'
      ? [
          `cut off the last record of the log, which is not whole, as after a power cut; all up to ${until} is brought back`,
        ]
      : []),
    ...(end?.isTorn && state !== 'ends-torn'
      ? [`cut the log behind ${until}, where it is damaged (${why ?? state})`]
      : []),
  ]
}

function list(names: readonly string[]): string {
  const more = names.length - 3
  return `${names.slice(0, 3).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
