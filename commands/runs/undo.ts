import { Args } from '@oclif/core'
import { BaseCommand } from '../../src/app/base-command.ts'
import { changingFlags, lockFlags } from '../../src/app/flags.ts'
import type { UndoResult } from '../../src/app/undo.ts'

export default class RunsUndo extends BaseCommand {
  static override summary = 'take back what a failed or stopped run did, up to its last step that cannot be taken back'
  static override args = { run: Args.string({ description: 'its id; default: the last one' }) }
  static override flags = { ...changingFlags, ...lockFlags }

  async run(): Promise<UndoResult> {
    const { args, flags } = await this.parse(RunsUndo)
    const { undoEarlierRun } = await import('../../src/app.ts')
    const { value, exitCode } = await undoEarlierRun(await this.session(flags), args.run)
    const lines = value.undone.map((step) => `took back ${step}`)
    return this.show(value, lines.length === 0 ? ['nothing was taken back'] : lines, exitCode)
  }
}
