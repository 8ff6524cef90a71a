import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../src/app/base-command.ts'
import { etcdBinFlag, parseSet, runFlags, setFlag } from '../src/app/flags.ts'
import type { RescueResult } from '../src/app/result.ts'

export default class Run extends BaseCommand {
  static override summary = 'run any runbook, by name or file'
  static override examples = ['<%= config.bin %> run ./our-procedure.yaml --set batch=2 --dry-run']
  static override args = { runbook: Args.string({ required: true, description: 'name or file of a runbook' }) }
  static override flags = {
    ...runFlags,
    ...setFlag,
    ...etcdBinFlag,
    from: Flags.string({ summary: 'begin at this step', helpValue: 'STEP', exclusive: ['only'] }),
    run: Flags.string({ summary: 'the earlier run whose results --from or --only needs', helpValue: 'ID' }),
    only: Flags.string({ summary: 'run this step alone', helpValue: 'STEP' }),
  }

  async run(): Promise<RescueResult> {
    const { args, flags } = await this.parse(Run)
    const [{ runRunbook }, { runLines }] = await Promise.all([
      import('../src/app.ts'),
      import('../src/ui/run-result.ts'),
    ])
    const { value, exitCode } = await runRunbook(await this.session(flags), {
      etcdCluster: flags['etcd-cluster'],
      runbook: args.runbook,
      inputs: parseSet(flags.set),
      from: flags.from,
      factsOf: flags.run,
      only: flags.only,
    })
    return this.show(value, runLines(value), exitCode)
  }
}
