import type { StepContext } from '../../engine/step.ts'
import { RescueError } from '../../errors/rescue-error.ts'

/** True for a node that cannot be reached; one whose connection broke was there a moment ago, and a resumed run finds it. */
export function isAway(error: unknown): boolean {
  return error instanceof RescueError && error.code === 'HOST_UNREACHABLE'
}

/**
 * Nodes that were away while all others were restarted. Waiting for a dead node would keep the cluster down, and one that
 * is alive behind a broken network goes on with resource versions from before the restore: the operator decides.
 */
export async function goOnWithout(
  { world, note }: Pick<StepContext<unknown, unknown>, 'world' | 'note'>,
  away: readonly string[],
  all: number,
  what: string,
): Promise<void> {
  if (away.length === 0) return
  const said = `${what} was not restarted on nodes that cannot be reached: ${away.slice(0, 10).join('; ')}`
  // nobody means by --yes that nothing at all is done
  if (away.length === all) {
    throw new RescueError('HOST_UNREACHABLE', said, {
      hint: 'check the addresses and the way there, then resume the run',
    })
  }
  if (await world.prompter.confirm(`${said}. Go on without them?`, { flag: '--yes', default: false })) {
    note(`${said}. Restart it there before they take part again: what it holds is from before the restore`)
    return
  }
  throw new RescueError('STEP_FAILED', said, {
    hint: 'bring these nodes back and resume the run: only they are restarted',
  })
}
