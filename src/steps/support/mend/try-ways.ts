import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { RescueError, toRescueError } from '../../../errors/rescue-error.ts'
import type { EtcdRelease } from '../../../ports/etcd.ts'
import type { World } from '../../../ports/world.ts'
import { onFreshCopy } from '../fresh-copy.ts'
import { borrowMember, returnMember } from '../members.ts'
import type { Started } from '../start-copy.ts'
import { copyMember } from '../working-copy.ts'
import { asItIs } from './as-it-is.ts'
import { mendedLog } from './mended-log.ts'
import { olderDatabase } from './older-database.ts'
import { rebuilt } from './rebuilt.ts'
import type { Prepared, Way } from './way.ts'

/** Least done first. */
const WAYS: readonly Way[] = [asItIs, mendedLog, olderDatabase, rebuilt]

export interface Trial extends Prepared {
  member: Started
  /** Ways that were tried before this one, and what came of each. */
  vain: string[]
}

interface Wanted {
  world: World
  release: EtcdRelease
  /** The fetched data directory: only read. */
  from: string
  /** The working copy: made anew for every way. */
  dataDir: string
  isDatabaseSound: boolean
  isDurable: boolean
  signal: AbortSignal
}

/** The first way on which an etcd starts and holds what was promised. `COPY_CORRUPT` says what came of each. */
export async function tryWays(wanted: Wanted): Promise<Trial> {
  const vain: string[] = []
  let cause: unknown
  for (const way of WAYS.filter(({ needsDatabase }) => wanted.isDatabaseSound || !needsDatabase)) {
    try {
      const done = await onFreshCopy(() => attempt(wanted, way))
      if (!('not' in done)) return { ...done, vain }
      vain.push(`${way.title}: ${done.not}`)
    } catch (error) {
      const { code, message } = toRescueError(error)
      // these say nothing about the copy
      if (wanted.signal.aborted || code === 'DISK_FULL' || code === 'ETCD_MISSING' || code === 'LEASES_EXPIRED')
        throw error
      cause ??= error
      vain.push(`${way.title}: ${message}`)
    }
  }
  throw new RescueError('COPY_CORRUPT', vain.join('; '), {
    hint: 'take a copy of another member, or the db file alone without its WAL',
    ...(cause === undefined ? {} : { cause }),
  })
}

async function attempt(wanted: Wanted, way: Way): Promise<(Prepared & { member: Started }) | { not: string }> {
  const { world, release, from, dataDir, isDurable, signal } = wanted
  const member = join(dataDir, 'member')
  await rm(member, { recursive: true, force: true })
  await copyMember(join(from, 'member'), member, signal)
  const prepared = await way.prepare(member, signal)
  if ('not' in prepared) return prepared
  const running = await borrowMember(world, release, dataDir, signal, { isDurable })
  const wrong = await broken(running, prepared)
  if (wrong === undefined) return { ...prepared, member: running }
  await returnMember(world, dataDir)
  return { not: wrong }
}

/** A promise that was not kept: etcd starts on a log that it then cuts, and says so in passing. */
async function broken({ client, notes = [] }: Started, { reach = 0 }: Prepared): Promise<string | undefined> {
  const { raftIndex } = await client.status()
  if (raftIndex < reach)
    return `an etcd starts on it, and holds entries up to ${raftIndex} of ${reach} that were promised`
  return notes[0]
}
