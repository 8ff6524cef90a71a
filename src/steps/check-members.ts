import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { digestClient } from '../digest/index.ts'
import { RescueError, toRescueError } from '../errors/rescue-error.ts'
import type { LocalMember } from '../ports/etcd.ts'
import { count } from '../words/numbers.ts'
import { type Context, defineStep } from './define.ts'
import type { Facts } from './facts.ts'
import { dropAhead } from './support/ahead.ts'
import { commitWal } from './support/commit-wal.ts'
import { syncTree } from './support/files.ts'
import { fetchForTrial, tryMember } from './support/member-trial.ts'
import { borrowMember, findRelease, returnMember } from './support/members.ts'
import { agreeing, heldByAnyLeader, leaveOut, noMajority, sayOut, type Tried } from './support/odd-members.ts'
import { endReplay, forgetReplay, replayWal } from './support/replay.ts'
import { mustBeOfThisBoot } from './support/same-boot.ts'

type Needs = 'copies' | 'copy' | 'generation' | 'placement' | 'fetched' | 'checked' | 'restored'
type Gives = 'expected' | 'copy' | 'generation' | 'placement'
type Ctx = Context<Needs>

/**
 * The trial of all members: each directory is fetched, opened as it is, its WAL replayed, on this machine, and compared with
 * the others at one revision. What any leader of them holds is what the cluster must hold afterwards; where the longest log has
 * more than that, nobody was told that it was written. A member that does not start, or holds something else than a quorum
 * does, is left out.
 */
export const checkMembers = defineStep<Needs, Gives>({
  id: 'check-members',
  title: 'try every member of the generation on this machine, and compare them',
  effect: 'local',
  needs: ['copies', 'copy', 'generation', 'placement', 'fetched', 'checked', 'restored'],
  gives: ['expected', 'copy', 'generation', 'placement'],
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
    const { copy, generation, restored } = needs
    const own = { node: copy.node, dataDir: restored.dataDir, mended: mendsOf(needs) }
    const first = await tryAll(context, own)
    const [base, tried] = agreeing(first, generation) ? [own, first] : await tryOther(context, own, first)
    const placed = agreeing(tried, generation)
    if (placed === undefined) throw noMajority(generation, copy.node, first)
    const out = tried.filter((one) => !placed.includes(one))
    for (const { node, revision } of placed)
      note(`${node} opens, and its WAL replays: revision ${revision === undefined ? 'not known' : count(revision)}`)
    for (const one of out) note(`careful: ${sayOut(one)}. It is left out, and filled by its peers, which hold the same`)
    const baseRevision = tried.find(({ node }) => node === base.node)?.revision ?? 0
    const revision = Math.min(heldByAnyLeader(placed, generation), baseRevision)
    for (const { node } of placed.filter((one) => (one.revision ?? 0) > revision))
      note(
        `what was written after revision ${count(revision)} is only in the log of ${node}: it comes back if that one leads; nobody was told that it was written`,
      )
    const left = leaveOut(
      needs,
      out.map(({ node }) => node),
    )
    return { expected: await digestAt(context, base.dataDir, revision), copy: copyOn(needs, base.node), ...left }
  },
})

function copyOn({ copies, copy, generation }: Ctx['needs'], node: string): Facts['copy'] {
  const path = generation.members.find((member) => member.node === node)?.path
  return copies.find((one) => one.node === node && one.path === path) ?? copy
}

interface Base {
  node: string
  dataDir: string
  /** What was done to the working copy before it was read, in sentences: its directory on the node is without. */
  mended: readonly string[]
}

/** Every member against the base, the base itself among them. Remembered, so that a resumed run fetches none again. */
async function tryAll(context: Ctx, base: Base): Promise<Tried[]> {
  const { node, dataDir, mended } = base
  const { restored } = context.needs
  const { client } = node === context.needs.copy.node ? await openOwn(context) : await open(context, dataDir)
  const { revision } = await client.status()
  const tried: Tried[] = mended.length > 0 ? [] : [{ node, is: 'same', revision }]
  for (const member of context.needs.generation.members) {
    if (member.node === node && mended.length === 0) continue
    if (isDamaged(context.needs, member.node)) {
      tried.push({
        node: member.node,
        is: 'mended',
        revision: restored.revision,
        why: mendsOf(context.needs).join('; '),
      })
      continue
    }
    const key = `tried:${node}:${member.node}`
    const one = await context.once(key, () => tryMember(context, member, { node, client, revision }))
    tried.push(member.node === node ? asProven(one, revision, mended) : one)
  }
  return tried
}

/** An etcd may start on a damaged database, and hold the same, until it comes to the page that is damaged. */
const isDamaged = ({ checked, copy }: Ctx['needs'], node: string): boolean =>
  node === copy.node && checked.damage !== undefined

function mendsOf({ restored: { mended = [] }, checked: { damage } }: Ctx['needs']): string[] {
  return damage === undefined ? mended : [...mended, `its database could not be used as it is (${damage})`]
}

/**
 * The working copy as `restore-locally` left it. Where leases ran out on it, in a run that was killed or on a machine that
 * was too slow, their keys are gone with them: then it is made anew of what was fetched.
 */
async function openOwn(context: Ctx): Promise<LocalMember> {
  const { world, needs, note, signal } = context
  const { restored, fetched, checked } = needs
  const kept = await unlessExpired(() => open(context, restored.dataDir))
  if (kept !== undefined && (await kept.client.status()).revision === restored.revision) return kept
  note('leases ran out on the working copy, or something was written to it: it is made anew')
  await endReplay(world)
  const how = { isDatabaseSound: checked.damage === undefined }
  const { member } = await replayWal(world, fetched, checked.minor, signal, how)
  forgetReplay(world)
  const { revision } = await member.client.status()
  if (revision !== restored.revision) throw another(revision, restored.revision)
  return member
}

/** Undefined where leases ran out before they could be renewed. */
async function unlessExpired<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (toRescueError(error).code !== 'LEASES_EXPIRED') throw error
    return undefined
  }
}

function another(revision: number, was: number): RescueError {
  const what = `made anew, the working copy is at revision ${count(revision)}, and was at ${count(was)} when it was restored`
  return new RescueError('ETCD_FAILED', what, {
    hint: 'nothing outside this machine was changed; begin anew, so that the copy is fetched again: etcd-rescue recover',
  })
}

/** Where the copy had to be mended here, its own bytes must give all that was proven: etcd cuts a torn last record by itself. */
function asProven(own: Tried, revision: number, mended: readonly string[]): Tried {
  if (own.is === 'same' && own.revision === revision) return own
  return { node: own.node, is: 'mended', revision, why: mended.join('; ') }
}

/** The copy's own member may be the odd one: then the furthest of those that differ from it is what they are held against. */
async function tryOther(context: Ctx, own: Base, first: readonly Tried[]): Promise<[Base, Tried[]]> {
  const others = first.filter(({ is }) => is === 'differs')
  const [next] = others.toSorted((a, b) => (b.revision ?? 0) - (a.revision ?? 0))
  const member = context.needs.generation.members.find(({ node }) => node === next?.node)
  if (others.length < 2 || member === undefined) return [own, [...first]]
  await returnMember(context.world, own.dataDir)
  const dataDir = await fetchForTrial(context, member)
  await commitWal(join(dataDir, 'member', 'wal'))
  const base = { node: member.node, dataDir, mended: [] }
  const tried = await tryAll(context, base)
  if (agreeing(tried, context.needs.generation) === undefined) {
    await returnMember(context.world, dataDir)
    await rm(dataDir, { recursive: true, force: true })
  }
  return [base, tried]
}

async function open({ world, needs, signal }: Ctx, dataDir: string): Promise<LocalMember> {
  return borrowMember(world, await findRelease(world, needs.checked.minor), dataDir, signal)
}

async function digestAt(context: Ctx, dataDir: string, revision: number): Promise<Facts['expected']> {
  const { world, needs, signal, progress } = context
  const { restored, checked } = needs
  const member = await open(context, dataDir)
  try {
    const onKeys = (done: number) => progress('keys', done, restored.keys, 'keys')
    const { keys, digest, bytes } = await digestClient(member.client, { revision, signal, onKeys })
    const { dbSizeBytes, dbSizeInUseBytes } = await member.client.status()
    const size = { bytes: dbSizeBytes, inUseBytes: dbSizeInUseBytes }
    return { keys, digest, revision, dataDir, minor: checked.minor, dataBytes: bytes, size }
  } finally {
    await returnMember(world, dataDir)
    // what the cluster is compared with at the end must outlast all that happens in between
    await syncTree(dataDir)
  }
}

function withoutLog(node: string): RescueError {
  return new RescueError('PRECONDITION', `the WAL on ${node} cannot be replayed, so its directory would not start`, {
    hint: 'nothing was changed; seed all members from the best copy: etcd-rescue recover --method seed-in-place',
  })
}
