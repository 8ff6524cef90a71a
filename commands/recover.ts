import { Flags } from '@oclif/core'
import { BaseCommand } from '../src/app/base-command.ts'
import { etcdBinFlag, parseSet, runFlags, setFlag } from '../src/app/flags.ts'
import type { RecoverChoice } from '../src/app/recovery/choice.ts'
import type { RescueResult } from '../src/app/result.ts'

const methods = ['auto', 'return-in-place', 'seed-in-place', 'rebuild-from-trashcan', 'restore-backup'] as const

export default class Recover extends BaseCommand {
  static override summary =
    'bring an etcd back: finds the best copy of the data and the best way, proves it, and goes it'
  static override description = [
    'Looks at every copy on all control-plane nodes and in the backup stores, for each etcd cluster of the configuration,',
    'and proposes the best way: put the directories back, seed all members from one copy, rebuild through a backup of the',
    'best copy, or restore the newest good backup. It says what comes back, what is lost, how long it takes and what it',
    'touches. Nothing on the cluster is changed before its name was typed, except new folders in the backup store,',
    'missing control files and, where you agree, API servers that are stopped. A run that fails or is stopped can be',
    'resumed: etcd-rescue runs resume. A method that is named is carried out without a proposal, on one etcd cluster.',
  ].join(' ')
  static override examples = [
    '<%= config.bin %> recover --dry-run',
    '<%= config.bin %> recover',
    '<%= config.bin %> recover --method seed-in-place --etcd-cluster events',
    '<%= config.bin %> recover --copy a:kP2… --yes --confirm staging.example.com --json',
  ]
  static override flags = {
    ...runFlags,
    ...setFlag,
    ...etcdBinFlag,
    'etcd-cluster': Flags.string({
      summary: 'only main, events, cilium or leases; default: all of them, or main where the method is named',
      helpValue: 'NAME',
    }),
    copy: Flags.string({ summary: 'the copy to recover from; default: the best', helpValue: 'NODE:TOKEN' }),
    backup: Flags.string({
      summary: 'the backup to restore; default: the newest good one',
      helpValue: 'NAME',
      exclusive: ['copy'],
    }),
    method: Flags.string({ summary: 'how', options: methods, default: 'auto' }),
    runbook: Flags.string({
      summary: 'a runbook of your own in place of the method',
      helpValue: 'NAME|FILE',
      exclusive: ['method'],
    }),
    run: Flags.string({ summary: 'with --from: the earlier run whose results it needs', helpValue: 'ID' }),
    from: Flags.string({ summary: 'begin at this step', helpValue: 'STEP' }),
  }

  async run(): Promise<RescueResult> {
    const { flags } = await this.parse(Recover)
    const [{ recover }, { runLines }] = await Promise.all([import('../src/app.ts'), import('../src/ui/run-result.ts')])
    const { value, exitCode } = await recover(await this.session(flags), {
      etcdCluster: flags['etcd-cluster'],
      method: flags.method as RecoverChoice['method'],
      runbook: flags.runbook,
      copy: flags.copy,
      backup: flags.backup,
      inputs: parseSet(flags.set),
      from: flags.from,
      factsOf: flags.run,
    })
    return this.show(value, runLines(value), exitCode)
  }
}
