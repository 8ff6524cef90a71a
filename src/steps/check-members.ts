import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { digestClient } from '../digest/index.ts'
import { RescueError, toRescueError } from '../errors/rescue-error.ts'
import type { EtcdRelease } from '../ports/etcd.ts'
import { type Context, defineStep } from './define.ts'
import type { Facts, GenerationMember } from './facts.ts'
import { dropAhead } from './support/ahead.ts'
import { commitWal } from './support/commit-wal.ts'
import { fetchMemberDir } from './support/fetch-dir.ts'
import { syncTree } from './support/files.ts'
import { quorumOf } from './support/generation.ts'
import { borrowMember, findRelease, returnMember } from './support/members.ts'
import { hostOf } from './support/on-seats.ts'
import { mustBeOfThisBoot } from './support/same-boot.ts'

type Ctx = Context<'copy' | 'generation' | 'checked' | 'restored'>

/**
 * The trial of all members: each directory is fetched, opened and its WAL replayed, on this machine. What a quorum of the
 * logs holds is what the cluster must hold afterwards, at the same revision; the rest of the longest log was acknowledged
 * to nobody.
 */
export const checkMembers = defineStep<'copy' | 'generation' | 'checked' | 'restored', 'expected'>({
  id: 'check-members',
  title: 'try every member of the generation on this machine',
  effect: 'local',
  needs: ['copy', 'generation', 'checked', 'restored'],
  gives: ['expected'],
  describe: () => ({
    reads: ["every file of the other members' directories, and their SHA-256 on the nodes"],
    changes: ['copies in the scratch on this machine, each run by a local etcd on a unix socket'],
  }),
  check: async (context) => {
    const { restored, copy } = context.needs
    await mustBeOfThisBoot(context, restored)
    if (restored.way === 'db') throw withoutLog(copy.node)
  },
  act: async (context) => {
    const { needs, note, world } = context
    // nothing is published here
    await dropAhead(world)
    const { generation, copy, restored } = needs
    const reached = [{ node: copy.node, revision: restored.revision }]
    for (const member of generation.members) {
      if (member.node === copy.node) continue
      const revision = await context.once(`revision:${member.node}`, () => tryMember(context, member))
      reached.push({ node: member.node, revision })
    }
    const quorum = quorumOf(generation.size)
    const revision = reached.map((one) => one.revision).sort((a, b) => b - a)[quorum - 1] ?? restored.revision
    for (const one of reached) note(`${one.node} opens, and its WAL replays: revision ${one.revision}`)
    if (restored.revision > revision)
      note(
        `what was written after revision ${revision} is only in the log of ${copy.node}: it comes back if that one leads; nobody was told that it was written`,
      )
    return { expected: await digestAt(context, revision) }
  },
})

async function tryMember(context: Ctx, member: GenerationMember): Promise<number> {
  const { world, needs, signal, note, progress } = context
  const onBytes = (done: number, total: number) => progress(`fetch ${member.node}`, done, total)
  const wanted = { host: hostOf(world, member.node), path: member.path, id: `${member.node}:${needs.generation.token}` }
  const { dir } = await fetchMemberDir({ world, signal, note, onBytes, isDurable: false }, wanted, [
    'members',
    member.node,
  ])
  try {
    await commitWal(join(dir, 'member', 'wal'))
    const release = await findRelease(world, needs.checked.minor)
    const how = { forceNewCluster: true, isDurable: false, signal, timeoutMs: 300_000 }
    const running = await world.etcd.start(release, dir, how)
    try {
      return (await running.client.status()).revision
    } finally {
      await running.stop()
    }
  } catch (error) {
    throw signal.aborted ? error : unfit(member, error)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

async function digestAt(context: Ctx, revision: number): Promise<Facts['expected']> {
  const { world, needs, signal, progress } = context
  const { restored, checked } = needs
  const release: EtcdRelease = await findRelease(world, checked.minor)
  const member = await borrowMember(world, release, restored.dataDir, signal)
  try {
    const onKeys = (done: number) => progress('keys', done, restored.keys, 'keys')
    const { keys, digest, bytes } = await digestClient(member.client, { revision, signal, onKeys })
    return { keys, digest, revision, dataDir: restored.dataDir, minor: checked.minor, dataBytes: bytes }
  } finally {
    await returnMember(world, restored.dataDir)
    // what the cluster is compared with at the end must outlast all that happens in between
    await syncTree(restored.dataDir)
  }
}

function unfit({ node }: GenerationMember, error: unknown): RescueError {
  const { code, message } = toRescueError(error)
  if (code === 'DISK_FULL' || code === 'ETCD_MISSING' || code.startsWith('HOST_')) throw error
  return new RescueError('COPY_CORRUPT', `the directory on ${node} does not start: ${message}`, {
    hint: `nothing was changed; leave this member out, if the others are a quorum: --set without=${node}; or seed all from the best copy: --method seed-in-place`,
    cause: error,
  })
}

function withoutLog(node: string): RescueError {
  return new RescueError('PRECONDITION', `the WAL on ${node} cannot be replayed, so its directory would not start`, {
    hint: 'nothing was changed; seed all members from the best copy: etcd-rescue recover --method seed-in-place',
  })
}
