import { RescueError } from '../../errors/rescue-error.ts'
import { judgeControl, readControl } from '../../etcd-manager/control.ts'
import type { World } from '../../ports/world.ts'

/**
 * An etcd-manager that starts reads the store before anything else: a spec without a marker, or a restore command that was
 * forgotten there, trashes what was put in place (FACTS 1, 4). So may a spec with another version than the one
 * that was prepared (`etcdVersion`).
 */
export async function mustBeSafeToStart(world: World, etcdVersion?: string): Promise<void> {
  const files = await readControl(world.store)
  const { verdict, explain } = judgeControl(files)
  if (verdict !== 'normal') {
    throw new RescueError('CONTROL_FILES', `etcd-manager would not leave the data alone: ${explain}`, {
      hint: 'look at them: etcd-rescue control show; write them: etcd-rescue run return-in-place --only check-control-files',
    })
  }
  const wanted = files.spec.value?.etcdVersion
  if (etcdVersion !== undefined && wanted !== etcdVersion) {
    throw new RescueError(
      'VERSION_MISMATCH',
      `the cluster spec wants etcd ${wanted} by now, and ${etcdVersion} was prepared`,
      {
        hint: 'etcd-manager might trash what is put in place, to change the version; begin a new run: etcd-rescue recover',
      },
    )
  }
  const [pending] = files.commands
  if (pending) {
    throw new RescueError('COMMAND_PENDING', `etcd-manager would carry out ${pending.key} at its start`, {
      hint: 'look with: etcd-rescue control show, and remove the command if it is not wanted',
    })
  }
}
