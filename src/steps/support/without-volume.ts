import type { StepContext } from '../../engine/step.ts'
import { RescueError } from '../../errors/rescue-error.ts'
import { sayGoesOnWithout, sayVolumeless, withoutFlag } from './volumeless.ts'

type Ctx = Pick<StepContext<unknown, unknown>, 'world' | 'note'>

/**
 * Nobody is left out unasked: its disk may be attached in a minute. `accepted`: the operator said so. To be asked before
 * anything changes. `PRECONDITION` on a no, `ANSWER_MISSING` without a terminal.
 */
export async function goOnWithoutVolume(
  { world, note }: Ctx,
  volumeless: readonly string[],
  accepted: readonly string[],
): Promise<void> {
  const { etcdCluster } = world.target
  const open = volumeless.filter((node) => !accepted.includes(node))
  const question = `${sayVolumeless(open, etcdCluster)}. Go on without?`
  const flag = withoutFlag([...accepted, ...open])
  if (open.length > 0 && !(await world.prompter.confirm(question, { flag, default: false })))
    throw new RescueError('PRECONDITION', sayVolumeless(open, etcdCluster), {
      hint: 'nothing was changed; attach the disk, and resume the run',
    })
  for (const node of volumeless) note(sayGoesOnWithout(node, etcdCluster))
}
