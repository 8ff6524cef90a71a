import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../../src/app/base-command.ts'
import type { RunDetails } from '../../src/app/runs.ts'

export default class RunsShow extends BaseCommand {
  static override summary = 'what an earlier run did, step by step, and how it ended'
  static override args = { run: Args.string({ description: 'its id; default: the last one' }) }

  static override flags = {
    calls: Flags.boolean({ summary: 'every call to nodes and stores as well' }),
  }

  async run(): Promise<RunDetails> {
    const { args, flags } = await this.parse(RunsShow)
    const [{ showRun }, { runDetailLines }] = await Promise.all([
      import('../../src/app.ts'),
      import('../../src/ui/run-details.ts'),
    ])
    const run = await showRun(await this.session(flags), args.run)
    return this.show(run, runDetailLines(run, flags.calls))
  }
}
