import type { OnCall } from '../../ports/calls.ts'
import type { LocalCommand, LocalCommands } from '../../ports/local-command.ts'
import { commandLine } from './line.ts'

const tell = (onCall: OnCall, { effect, argv }: LocalCommand, withheld: boolean) =>
  onCall({ where: 'this machine', effect, withheld, line: commandLine(argv) })

export function traceLocal(local: LocalCommands, onCall: OnCall): LocalCommands {
  return {
    run: (command) => {
      tell(onCall, command, false)
      return local.run(command)
    },
  }
}

export function withholdLocal(local: LocalCommands, onCall: OnCall): LocalCommands {
  return {
    run: async (command) => {
      if (command.effect === 'read') return local.run(command)
      tell(onCall, command, true)
      return { code: 0, stdout: '', stderr: '' }
    },
  }
}
