import { z } from 'zod'
import { RescueError } from '../errors/rescue-error.ts'
import { copyDirOn, OWN_DIR } from '../node/copy-dir.ts'
import { freeBytes } from '../node/disk.ts'
import { sha256On, statMember } from '../node/files.ts'
import { spotsOn } from '../node/spots.ts'
import type { RemoteHost } from '../ports/remote-host.ts'
import { shellWord } from '../shell/quote.ts'
import { bytes as sizeOf } from '../words/numbers.ts'
import { type Context, defineStep } from './define.ts'
import type { Facts, GenerationMember } from './facts.ts'
import { fetchMemberDir } from './support/fetch-dir.ts'
import { hostOf, onAll } from './support/on-seats.ts'

const inputs = z.strictObject({
  /** Where there is no room on a node: ask, fetch the copy here, or go without one. */
  aside: z.enum(['ask', 'here', 'none']).default('ask'),
})
type Inputs = z.infer<typeof inputs>
type Ctx = Context<'generation', Inputs>
type Dir = Facts['aside']['dirs'][number]

/** What is left for etcd and etcd-manager to go on with. */
const RESERVE_BYTES = 512 << 20

const asidePath = ({ base }: { base: string }, token: string): string => `${base}/${OWN_DIR}/aside/${token}`

/**
 * etcd writes into the directory that it is started on, and that directory is the only one of its kind: before anything
 * moves it gets a copy that nothing ever writes to. Shared blocks cost neither room nor time where the file system can.
 */
export const copyAside = defineStep<'generation', 'aside', Inputs>({
  id: 'copy-aside',
  title: 'keep a copy of each directory that will be started from',
  effect: 'change',
  needs: ['generation'],
  gives: ['aside'],
  inputs,
  describe: () => ({
    reads: ['every file of the directories, and the free room beside them'],
    changes: [`a copy of each on its own volume: ${OWN_DIR}/aside/<token>; nothing else on the node`],
  }),
  act: async (context) => {
    const { world, needs, note } = context
    const { members } = needs.generation
    // one after the other: a question must not be asked over another one
    const found = await onAll(members, (member) => copyOn(context, member))
    const dirs: Dir[] = []
    const without: string[] = []
    for (const [at, member] of members.entries()) {
      const dir = found[at] ?? (await elsewhere(context, hostOf(world, member.node), member))
      if (dir) dirs.push(dir)
      else without.push(member.node)
    }
    for (const { node, path, bytes, where } of dirs)
      note(`${node}: ${sizeOf(bytes)} kept in ${path}${where === 'here' ? ' on this machine' : ''}`)
    if (without.length > 0) note(`no copy is kept of the directories on ${without.join(', ')}, as you said`)
    return { aside: { dirs, without } }
  },
})

/** Undefined when there is no room. Same bytes, by their digests, or `COPY_CHANGED`. */
async function copyOn(context: Ctx, member: GenerationMember): Promise<Dir | undefined> {
  const { world, needs, runId, note } = context
  const host = hostOf(world, member.node)
  const files = await statMember(host, member.path)
  const names = files.map(({ path }) => path)
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  const first = asidePath(member, needs.generation.token)
  const [spot] = await spotsOn(host, [first], [])
  const isFree = spot?.kind === 'missing'
  // a link, or one that holds links, is the original by another name
  const isCopy = spot?.kind === 'directory' && spot.linkBelow === undefined
  if (isCopy && (await firstOther(host, member.path, first, names)) === undefined)
    return { node: member.node, path: first, bytes, where: 'node' }
  // kept by an earlier recovery, and etcd has run on the directory since: not to be lost, and no copy of what is there now
  const path = isFree ? first : `${first}.${runId}`
  if (!isFree)
    note(
      `${member.node}: ${first} is ${isCopy ? 'of an earlier recovery and older than the directory' : 'a link, and no copy'}; it stays as it is`,
    )
  if (!(await copyTo(host, member, path, bytes))) return undefined
  const other = await firstOther(host, member.path, path, names)
  if (other !== undefined) throw changed(host, member.path, path, other)
  return { node: member.node, path, bytes, where: 'node' }
}

/** False when there is no room. One that is there already is taken as it is. */
async function copyTo(host: RemoteHost, member: GenerationMember, to: string, bytes: number): Promise<boolean> {
  const paths = { from: member.path, to }
  if (await copyDirOn(host, paths, 'clone')) return true
  if ((await freeBytes(host, member.base)) < bytes + RESERVE_BYTES) return false
  return copyDirOn(host, paths, 'copy')
}

/** The first file that one of them lacks, or that is another there. */
async function firstOther(
  host: RemoteHost,
  from: string,
  to: string,
  names: readonly string[],
): Promise<string | undefined> {
  const there = new Set((await statMember(host, to)).map(({ path }) => path))
  const odd = names.find((name) => !there.has(name)) ?? [...there].find((name) => !names.includes(name))
  if (odd !== undefined) return odd
  const digestsIn = (dir: string) =>
    sha256On(
      host,
      names.map((name) => `${dir}/${name}`),
    )
  const [original, copy] = await Promise.all([from, to].map(digestsIn))
  return names.find((name) => original?.get(`${from}/${name}`) !== copy?.get(`${to}/${name}`))
}

function changed(host: RemoteHost, from: string, to: string, name: string): RescueError {
  return new RescueError('COPY_CHANGED', `${host.name}: ${to}/${name} is not the same as in ${from}`, {
    hint: `something writes to one of them; find it on the node (sudo fuser -v ${shellWord(`${from}/${name}`)}), then remove the copy (sudo rm -r ${shellWord(to)}) and resume the run`,
  })
}

async function elsewhere(context: Ctx, host: RemoteHost, member: GenerationMember): Promise<Dir | undefined> {
  const { world, inputs, note, signal, progress } = context
  const how = inputs.aside === 'ask' ? await ask(context, member) : inputs.aside
  if (how === 'none') return undefined
  const onBytes = (done: number, total: number) => progress(`fetch ${member.node}`, done, total)
  const wanted = { host, path: member.path, id: `${member.node}:${context.needs.generation.token}` }
  const { dir, bytes } = await fetchMemberDir({ world, signal, note, onBytes }, wanted, ['aside', member.node])
  return { node: member.node, path: dir, bytes, where: 'here' }
}

function ask({ world, once }: Ctx, { node, base }: GenerationMember): Promise<'here' | 'none'> {
  const choices = [
    { value: 'here' as const, label: 'fetch a copy to this machine (removed at the end of the run)' },
    { value: 'none' as const, label: 'go on without one: etcd then writes into the only directory of this member' },
  ]
  const question = `${node} has no room in ${base} for a copy of the directory that etcd will be started on. What now?`
  return once(`aside:${node}`, () =>
    world.prompter.select(question, choices, { flag: '--set aside=here, or --set aside=none', default: 'here' }),
  )
}
