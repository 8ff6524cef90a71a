import { z } from 'zod'
import { RescueError } from '../errors/rescue-error.ts'
import {
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
  /** Write missing control files: after asking, at once, or never. */
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
    changes: repair === 'no' ? [] : [`only when missing: ${CREATED_KEY} first, then ${SPEC_KEY}`],
  }),
  act: async (context) => {
    const { world, note } = context
    const files = await readControl(world.store)
    const { verdict, explain } = judgeControl(files)
    note(`control files: ${explain}`)
    if (verdict === 'blocked') throw unusable(explain)
    if (verdict !== 'normal') await repair(context, files, explain)
    return { control: await specOf(await readControl(world.store), context) }
  },
})

async function repair(context: Ctx, files: ControlFiles, explain: string): Promise<void> {
  const { world, inputs } = context
  const lost = files.spec.state === 'missing' ? await knownSpec(context) : undefined
  const spec = lost ? ` The spec: ${lost.memberCount} members, etcd ${lost.etcdVersion} (${lost.from}).` : ''
  const question = `Control files are missing: ${explain}.${spec} Write them, the marker first?`
  const agreed =
    inputs.repair === 'yes' ||
    (inputs.repair === 'ask' && (await world.prompter.confirm(question, { flag: '--yes, or --set repair=yes' })))
  if (!agreed) throw unusable(explain)
  if (files.created.state === 'missing') {
    await world.store.write(CREATED_KEY, encodeCreated(world.clock.now()), { ifAbsent: true })
  }
  if (lost) {
    context.note(`the missing cluster spec: ${lost.memberCount} members, etcd ${lost.etcdVersion} (${lost.from})`)
    await world.store.write(SPEC_KEY, encodeSpec(lost), { ifAbsent: true })
  }
}

async function knownSpec({ world }: Ctx): Promise<LostSpec> {
  const found = await lostSpec(world)
  if (found) return found
  throw new RescueError(
    'CONTROL_FILES',
    'the cluster spec is missing, and neither a backup nor a node says what it was',
    {
      hint: 'write it as kOps does: kops update cluster --yes, but only after the marker is there: etcd-rescue control show',
    },
  )
}

async function specOf(files: ControlFiles, context: Ctx): Promise<Facts['control']> {
  if (files.spec.value) return files.spec.value
  // Only a dry run gets here: its repair was withheld.
  if (files.spec.state === 'missing') return knownSpec(context)
  throw unusable('the cluster spec cannot be read')
}

function unusable(explain: string): RescueError {
  return new RescueError('CONTROL_FILES', `etcd-manager's control files do not allow a restore: ${explain}`, {
    hint: 'look at them with: etcd-rescue control show; let this run write missing ones with --set repair=yes',
  })
}
