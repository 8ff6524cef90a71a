import { Args } from '@oclif/core'
import { BaseCommand } from '../../src/app/base-command.ts'
import { changingFlags, etcdBinFlag, lockFlags } from '../../src/app/flags.ts'
import type { RescueResult } from '../../src/app/result.ts'

export default class RunsResume extends BaseCommand {
  static override summary = 'go on with a run that failed, was stopped or was killed'
  static override description = [
    'Skips what is done. For a step that was begun and not finished it looks at the cluster first, so that nothing',
    'irreversible is done twice.',
  ].join(' ')
  static override args = { run: Args.string({ description: 'its id; default: the last one' }) }
  static override flags = { ...changingFlags, ...lockFlags, ...etcdBinFlag }

  async run(): Promise<RescueResult> {
    const { args, flags } = await this.parse(RunsResume)
    const [{ resumeRun }, { runLines }] = await Promise.all([
      import('../../src/app.ts'),
      import('../../src/ui/run-result.ts'),
    ])
    const { value, exitCode } = await resumeRun(await this.session(flags), args.run)
    return this.show(value, runLines(value), exitCode)
  }
}
