import { Flags } from '@oclif/core'
import { BaseCommand } from '../src/app/base-command.ts'
import { parseSet, runFlags, setFlag } from '../src/app/flags.ts'
import type { RescueResult } from '../src/app/result.ts'

export default class Recover extends BaseCommand {
  static override summary = 'bring an etcd back: finds the best copy of the data, proves it, and restores it'
  static override description = [
    'Reads all control-plane nodes, takes the best copy from a trashcan with its WAL, publishes it as a backup, tries that',
    'backup out on this machine, and only then lets etcd-manager restore it. Nothing on the cluster is changed before its',
    'name was typed, except new folders in the backup store and missing control files. A run that fails or is stopped can',
    'be resumed: etcd-rescue runs resume.',
  ].join(' ')
  static override examples = [
    '<%= config.bin %> recover --dry-run',
    '<%= config.bin %> recover',
    '<%= config.bin %> recover --copy a:kP2… --yes --confirm staging.example.com --json',
  ]
  static override flags = {
    ...runFlags,
    ...setFlag,
    copy: Flags.string({ summary: 'the copy to recover from; default: the best', helpValue: 'NODE:TOKEN' }),
    method: Flags.string({ summary: 'how', options: ['rebuild-from-trashcan'], exclusive: ['runbook'] }),
    runbook: Flags.string({ summary: 'a runbook of your own in place of the method', helpValue: 'NAME|FILE' }),
    run: Flags.string({ summary: 'with --from: the earlier run whose results it needs', helpValue: 'ID' }),
    from: Flags.string({ summary: 'begin at this step', helpValue: 'STEP' }),
  }

  async run(): Promise<RescueResult> {
    const { flags } = await this.parse(Recover)
    const [{ recover }, { runLines }] = await Promise.all([import('../src/app.ts'), import('../src/ui/run-result.ts')])
    const { value, exitCode } = await recover(await this.session(flags), {
      etcdCluster: flags['etcd-cluster'],
      runbook: flags.runbook ?? flags.method ?? 'rebuild-from-trashcan',
      inputs: { ...parseSet(flags.set), ...(flags.copy === undefined ? {} : { copy: flags.copy }) },
      from: flags.from,
      factsOf: flags.run,
    })
    return this.show(value, runLines(value), exitCode)
  }
}
