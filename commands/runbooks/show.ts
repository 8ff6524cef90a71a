import { Args } from '@oclif/core'
import { BaseCommand } from '../../src/app/base-command.ts'
import { etcdClusterFlag, parseSet, setFlag } from '../../src/app/flags.ts'

export default class RunbooksShow extends BaseCommand {
  static override summary = 'a runbook as Markdown, for people who do it by hand'
  static override args = { runbook: Args.string({ required: true, description: 'name or file' }) }
  static override flags = { ...etcdClusterFlag, ...setFlag }

  async run(): Promise<{ name: string; file: string; markdown: string }> {
    const { args, flags } = await this.parse(RunbooksShow)
    const { showRunbook } = await import('../../src/app.ts')
    const shown = await showRunbook(await this.session(flags), {
      etcdCluster: flags['etcd-cluster'],
      runbook: args.runbook,
      inputs: parseSet(flags.set),
    })
    return this.show(shown, [shown.markdown])
  }
}
