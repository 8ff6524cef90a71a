import { Flags } from '@oclif/core'
import { BaseCommand } from '../../src/app/base-command.ts'
import { runFlags } from '../../src/app/flags.ts'
import type { RescueResult } from '../../src/app/result.ts'

export default class RestartKubelet extends BaseCommand {
  static override summary = 'restart kubelet on every node, in batches'
  static override flags = {
    ...runFlags,
    batch: Flags.integer({ summary: 'how many at once', default: 5, min: 1, max: 100 }),
  }

  async run(): Promise<RescueResult> {
    const { flags } = await this.parse(RestartKubelet)
    const [{ runRunbook }, { runLines }] = await Promise.all([
      import('../../src/app.ts'),
      import('../../src/ui/run-result.ts'),
    ])
    const { value, exitCode } = await runRunbook(await this.session(flags), {
      etcdCluster: flags['etcd-cluster'],
      runbook: 'restart-kubelet',
      inputs: { batch: String(flags.batch) },
    })
    return this.show(value, runLines(value), exitCode)
  }
}
