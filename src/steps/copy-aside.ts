import prettyBytes from 'pretty-bytes'
import { z } from 'zod'
import { RescueError } from '../errors/rescue-error.ts'
import { copyDirOn, OWN_DIR } from '../node/copy-dir.ts'
import { freeBytes } from '../node/disk.ts'
import { sha256On, statMember } from '../node/files.ts'
import type { RemoteHost } from '../ports/remote-host.ts'
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

export const asidePath = ({ base }: { base: string }, token: string): string => `${base}/${OWN_DIR}/aside/${token}`

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
    const { members, token } = needs.generation
    // one after the other: a question must not be asked over another one
    const found = await onAll(members, (member) => copyOn(hostOf(world, member.node), member, token))
    const dirs: Dir[] = []
    const without: string[] = []
    for (const [at, member] of members.entries()) {
      const dir = found[at] ?? (await elsewhere(context, hostOf(world, member.node), member))
      if (dir) dirs.push(dir)
      else without.push(member.node)
    }
    for (const { node, path, bytes, where } of dirs)
      note(
        `${node}: ${prettyBytes(bytes, { binary: true })} kept in ${path}${where === 'here' ? ' on this machine' : ''}`,
      )
    if (without.length > 0) note(`no copy is kept of the directories on ${without.join(', ')}, as you said`)
    return { aside: { dirs, without } }
  },
})

/** Undefined when there is no room. Same bytes, by their digests, or `COPY_CHANGED`. */
async function copyOn(host: RemoteHost, member: GenerationMember, token: string): Promise<Dir | undefined> {
  const to = asidePath(member, token)
  const files = await statMember(host, member.path)
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  const paths = { from: member.path, to }
  if (!(await copyDirOn(host, paths, 'clone'))) {
    if ((await freeBytes(host, member.base)) < bytes + RESERVE_BYTES) return undefined
    await copyDirOn(host, paths, 'copy')
  }
  await mustBeEqual(
    host,
    member.path,
    to,
    files.map(({ path }) => path),
  )
  return { node: member.node, path: to, bytes, where: 'node' }
}

async function mustBeEqual(host: RemoteHost, from: string, to: string, files: readonly string[]): Promise<void> {
  const [original, copy] = await Promise.all(
    [from, to].map((dir) =>
      sha256On(
        host,
        files.map((file) => `${dir}/${file}`),
      ),
    ),
  )
  const other = files.find((file) => original?.get(`${from}/${file}`) !== copy?.get(`${to}/${file}`))
  if (other === undefined) return
  throw new RescueError('COPY_CHANGED', `${host.name}: ${to}/${other} is not the same as in ${from}`, {
    hint: `something writes to one of them; look on the node, remove the copy (sudo rm -r ${JSON.stringify(to)}) and resume the run`,
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
