import { Flags } from '@oclif/core'
import { BaseCommand } from '../../src/app/base-command.ts'
import { runFlags } from '../../src/app/flags.ts'
import type { RescueResult } from '../../src/app/result.ts'

export default class RestartEtcdManager extends BaseCommand {
  static override summary = 'restart etcd-manager: the leader, the only one that reads control files, or all in turn'
  static override flags = {
    ...runFlags,
    nodes: Flags.string({
      summary: 'leader, or all one after the other',
      options: ['leader', 'all'],
      default: 'leader',
    }),
  }

  async run(): Promise<RescueResult> {
    const { flags } = await this.parse(RestartEtcdManager)
    const [{ runRunbook }, { runLines }] = await Promise.all([
      import('../../src/app.ts'),
      import('../../src/ui/run-result.ts'),
    ])
    const { value, exitCode } = await runRunbook(await this.session(flags), {
      etcdCluster: flags['etcd-cluster'],
      runbook: 'restart-etcd-manager',
      inputs: { nodes: flags.nodes },
    })
    return this.show(value, runLines(value), exitCode)
  }
}
