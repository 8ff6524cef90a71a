import { RescueError } from '../../errors/rescue-error.ts'
import { addRestoreCommand, commandKey, listCommands, type RestoreCommand } from '../../etcd-manager/commands.ts'
import { ctlArgv } from '../../etcd-manager/ctl.ts'
import type { ObjectStore } from '../../ports/object-store.ts'
import type { World } from '../../ports/world.ts'

/** The pending command that restores this backup, if there is one. */
export async function commandFor(store: ObjectStore, backup: string): Promise<string | undefined> {
  return (await listCommands(store)).find((command) => command.backup === backup)?.key
}

/**
 * Gives etcd-manager the restore command: by the real `etcd-manager-ctl` where the config names one, else by writing the
 * file that it would write. Resolves to the command's key in the store.
 */
export async function giveRestoreCommand(world: World, command: RestoreCommand): Promise<string> {
  const key = commandKey(command.now)
  const { etcdManagerCtl } = world.target.tools
  if (etcdManagerCtl === undefined || world.local === undefined) {
    await addRestoreCommand(world.store, key, command)
    return key
  }
  const argv = ctlArgv(etcdManagerCtl, world.store.url, { command: 'restore-backup', backup: command.backup })
  const { code, stderr } = await world.local.run({ effect: 'change', argv, timeoutMs: 60_000 })
  if (code !== 0) throw refused(code, stderr)
  // Not found: a leader that happened to start has taken it already.
  return (await commandFor(world.store, command.backup)) ?? key
}

function refused(code: number, stderr: string): RescueError {
  const said = stderr.trim().split('\n').at(-1)?.slice(0, 300) ?? ''
  return new RescueError('STEP_FAILED', `etcd-manager-ctl ended with exit code ${code}: ${said}`, {
    hint: 'look whether a command was written: etcd-rescue control show; without tools.etcdManagerCtl in the config the command is written directly',
  })
}
