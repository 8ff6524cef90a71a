import type { World } from '../../ports/world.ts'
import { isCompaction } from './readable.ts'
import type { Answer } from './running-without.ts'
import { type Sameness, sameAt } from './same-data.ts'

export interface MemberHash {
  node: string
  hash: number
  compactRevision: number
}

/**
 * etcd's own hash of all keys and their history up to a revision, of each member; undefined where they have not compacted the
 * same. Each compacts when its log tells it to, a moment sooner or later, and a hash begins at what was compacted.
 */
export async function memberHashes(
  world: World,
  answers: readonly Answer[],
  revision: number,
): Promise<MemberHash[] | undefined> {
  const hashes = await hashesOf(world, answers, revision)
  const [first] = hashes
  const isSame = (one: MemberHash | undefined) => one !== undefined && one.compactRevision === first?.compactRevision
  return hashes.every(isSame) ? (hashes as MemberHash[]) : undefined
}

export const hashesOf = (world: World, answers: readonly Answer[], revision: number) =>
  Promise.all(answers.map((answer) => hashOrNone(world, answer, revision)))

/**
 * Which of the others does not hold what this one does, key by key at one revision: that needs no same compaction, only that
 * none has compacted the revision itself. `unknown` where one has.
 */
export async function oddByKeys(
  { world, signal }: { world: World; signal: AbortSignal },
  node: string,
  others: readonly Answer[],
  revision: number,
): Promise<{ node: string } | 'unknown' | undefined> {
  for (const other of others) {
    const { is } = await sameKeys({ world, signal }, [node, other.node], revision)
    if (is === 'unknown') return 'unknown'
    if (is === 'differs') return { node: other.node }
  }
  return undefined
}

async function sameKeys(
  { world: { live }, signal }: { world: World; signal: AbortSignal },
  [one, other]: [string, string],
  revision: number,
): Promise<Sameness> {
  const a = await live.connect({ node: one, timeoutMs: 60_000 })
  try {
    const b = await live.connect({ node: other, timeoutMs: 60_000 })
    try {
      return await sameAt(a, b, revision, signal)
    } finally {
      await b.close()
    }
  } finally {
    await a.close()
  }
}

/** Undefined where this member has compacted the revision. */
export async function hashOrNone(world: World, answer: Answer, revision: number): Promise<MemberHash | undefined> {
  try {
    return await hashAt(world, answer, revision)
  } catch (error) {
    if (isCompaction(error)) return undefined
    throw error
  }
}

/** The revision that all of them have reached. */
export const commonRevision = (answers: readonly Answer[]): number =>
  Math.min(...answers.map(({ status }) => status.revision))

async function hashAt({ live }: World, { node }: Answer, revision: number): Promise<MemberHash> {
  const client = await live.connect({ node, timeoutMs: 60_000 })
  try {
    return { node, ...(await client.hashKv(revision)) }
  } finally {
    await client.close()
  }
}
