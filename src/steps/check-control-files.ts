import { z } from 'zod'
import { RescueError } from '../errors/rescue-error.ts'
import {
  type ControlFile,
  type ControlFiles,
  CREATED_KEY,
  encodeCreated,
  encodeSpec,
  judgeControl,
  readControl,
  SPEC_KEY,
} from '../etcd-manager/control.ts'
import { type Context, defineStep } from './define.ts'
import type { Facts } from './facts.ts'
import { type LostSpec, lostSpec } from './support/lost-spec.ts'

const inputs = z.strictObject({
  /** Write missing control files, and empty ones anew: after asking, at once, or never. */
  repair: z.enum(['ask', 'yes', 'no']).default('ask'),
})
type Inputs = z.infer<typeof inputs>
type Ctx = Context<never, Inputs>

/**
 * The marker is written before the spec: a spec without a marker makes the leader trash the data within one cycle,
 * so writing the spec "to repair" detonates the bomb (FACTS 1).
 */
export const checkControlFiles = defineStep<never, 'control', Inputs>({
  id: 'check-control-files',
  title: "check etcd-manager's control files",
  effect: 'change',
  gives: ['control'],
  inputs,
  describe: ({ repair }) => ({
    reads: [CREATED_KEY, SPEC_KEY],
    changes: repair === 'no' ? [] : [`only when missing or empty: ${CREATED_KEY} first, then ${SPEC_KEY}`],
  }),
  act: async (context) => {
    const { world, note } = context
    const files = await readControl(world.store)
    const { verdict, explain } = judgeControl(files)
    note(`control files: ${explain}`)
    const unread = [files.created, files.spec].find(({ state }) => state === 'unreadable' || state === 'unseen')
    if (unread) throw unreadable(explain, unread)
    if (verdict !== 'normal') await repair(context, files, explain)
    return { control: await specOf(await readControl(world.store), context) }
  },
})

async function repair(context: Ctx, files: ControlFiles, explain: string): Promise<void> {
  const { world, inputs } = context
  const lost = isToWrite(files.spec) ? await knownSpec(context) : undefined
  const spec = lost ? ` The spec: ${lost.memberCount} members, etcd ${lost.etcdVersion} (${lost.from}).` : ''
  const question = `Control files are missing or empty: ${explain}.${spec} Write them, the marker first?`
  const agreed =
    inputs.repair === 'yes' ||
    (inputs.repair === 'ask' && (await world.prompter.confirm(question, { flag: '--yes, or --set repair=yes' })))
  if (!agreed) throw unusable(explain)
  if (isToWrite(files.created)) await place(context, CREATED_KEY, encodeCreated(world.clock.now()), files.created)
  if (lost) {
    context.note(`the lost cluster spec: ${lost.memberCount} members, etcd ${lost.etcdVersion} (${lost.from})`)
    await place(context, SPEC_KEY, encodeSpec(lost), files.spec)
  }
}

const isToWrite = ({ state }: ControlFile) => state === 'missing' || state === 'empty'

/** Only over what was seen: a file that came to be since, or got content, is somebody else's. */
async function place({ world, note }: Ctx, key: string, body: Buffer, { state, version }: ControlFile): Promise<void> {
  if (state === 'empty' && version !== undefined) {
    note(`${key} was empty: written anew`)
    await world.store.write(key, body, { ifVersion: version })
  } else await world.store.write(key, body, { ifAbsent: true })
}

async function knownSpec({ world }: Ctx): Promise<LostSpec> {
  const found = await lostSpec(world)
  if (found.is === 'seen') return found.value
  const silent = found.is === 'unseen' ? `: ${found.why}` : ''
  throw new RescueError(
    'CONTROL_FILES',
    `the cluster spec is missing, and neither a backup nor a node says what it was${silent}`,
    {
      hint: 'write it as kOps does: kops update cluster --yes, but only after the marker is there: etcd-rescue control show',
    },
  )
}

async function specOf(files: ControlFiles, context: Ctx): Promise<Facts['control']> {
  if (files.spec.value) return files.spec.value
  // Only a dry run gets here: its repair was withheld.
  if (isToWrite(files.spec)) return knownSpec(context)
  throw unusable('the cluster spec cannot be read')
}

function unusable(explain: string): RescueError {
  return new RescueError('CONTROL_FILES', `etcd-manager's control files do not allow a restore: ${explain}`, {
    hint: 'look at them with: etcd-rescue control show; let this run write what is missing or empty with --set repair=yes',
  })
}

/** Writing over what may be right would lose it: only who can look into it says what it is. */
function unreadable(explain: string, { hint }: ControlFile): RescueError {
  return new RescueError('CONTROL_FILES', `etcd-manager's control files do not allow a restore: ${explain}`, {
    hint:
      hint ??
      'look at them: etcd-rescue control show; move what is damaged away in the store, and run the command again',
  })
}
