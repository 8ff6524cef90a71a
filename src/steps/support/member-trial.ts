import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { StepContext } from '../../engine/step.ts'
import { toRescueError } from '../../errors/rescue-error.ts'
import type { EtcdClient } from '../../ports/etcd.ts'
import type { Facts, GenerationMember } from '../facts.ts'
import { commitWal } from './commit-wal.ts'
import { fetchMemberDir } from './fetch-dir.ts'
import { onFreshCopy } from './fresh-copy.ts'
import { findRelease } from './members.ts'
import { mustStartAsItStands } from './mend/as-it-stands.ts'
import type { Tried } from './odd-members.ts'
import { hostOf } from './on-seats.ts'
import { sameAt } from './same-data.ts'
import { startCopy } from './start-copy.ts'

type Ctx = StepContext<Pick<Facts, 'generation' | 'checked'>, unknown>

/** What the others are compared with: a member that runs on this machine. */
export interface Base {
  node: string
  client: EtcdClient
  revision: number
}

/** These say nothing about the directory. */
const PASSING = new Set(['DISK_FULL', 'ETCD_MISSING', 'LEASES_EXPIRED'])

/** A member's directory with nothing mended in it, as etcd will find it on its node, here in the scratch. */
export async function fetchForTrial(context: Ctx, { node, path }: GenerationMember): Promise<string> {
  const { world, needs, signal, note, progress } = context
  const onBytes = (done: number, total: number) => progress(`fetch ${node}`, done, total)
  const wanted = { host: hostOf(world, node), path, id: `${node}:${needs.generation.token}` }
  const how = { world, signal, note, onBytes, isDurable: false }
  const { dir } = await fetchMemberDir(how, wanted, ['members', node])
  return dir
}

/**
 * Starts an etcd on a member's directory and compares what it holds with the base, at the highest revision that both have.
 * One that does not start is `unfit`; what says nothing about the directory is thrown.
 */
export function tryMember(context: Ctx, member: GenerationMember, base: Base): Promise<Tried> {
  return onFreshCopy(() => tryOnce(context, member, base))
}

async function tryOnce(context: Ctx, member: GenerationMember, base: Base): Promise<Tried> {
  const { world, needs, signal } = context
  const { node } = member
  const dir = await fetchForTrial(context, member)
  try {
    const release = await findRelease(world, needs.checked.minor)
    await mustStartAsItStands({ world, release, dir, signal })
    await commitWal(join(dir, 'member', 'wal'))
    const how = { forceNewCluster: true, isDurable: false, signal, timeoutMs: 300_000 }
    const running = await startCopy(world, release, dir, how)
    try {
      const { revision } = await running.client.status()
      const same = await sameAt(base.client, running.client, Math.min(revision, base.revision), signal)
      return { node, revision, ...same }
    } finally {
      await running.stop()
    }
  } catch (error) {
    const { code, message } = toRescueError(error)
    if (signal.aborted || PASSING.has(code) || code.startsWith('HOST_')) throw error
    return { node, is: 'unfit', why: message }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}
