import { RescueError } from '../../errors/rescue-error.ts'
import { judgeControl, readControl } from '../../etcd-manager/control.ts'
import type { World } from '../../ports/world.ts'

/**
 * An etcd-manager that starts reads the store before anything else: a spec without a marker, or a restore command that was
 * forgotten there, trashes what was put in place (FACTS 1, 4).
 */
export async function mustBeSafeToStart(world: World): Promise<void> {
  const files = await readControl(world.store)
  const { verdict, explain } = judgeControl(files)
  if (verdict !== 'normal') {
    throw new RescueError('CONTROL_FILES', `etcd-manager would not leave the data alone: ${explain}`, {
      hint: 'look at them: etcd-rescue control show; the step check-control-files writes them',
    })
  }
  const [pending] = files.commands
  if (pending) {
    throw new RescueError('COMMAND_PENDING', `etcd-manager would carry out ${pending.key} at its start`, {
      hint: 'look with: etcd-rescue control show, and remove the command if it is not wanted',
    })
  }
}
