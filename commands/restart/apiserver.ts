import { BaseCommand } from '../../src/app/base-command.ts'
import { runFlags } from '../../src/app/flags.ts'
import type { RescueResult } from '../../src/app/result.ts'

export default class RestartApiserver extends BaseCommand {
  static override summary = 'restart API servers, controller-managers and schedulers on the control plane'
  static override flags = { ...runFlags }

  async run(): Promise<RescueResult> {
    const { flags } = await this.parse(RestartApiserver)
    const [{ runRunbook }, { runLines }] = await Promise.all([
      import('../../src/app.ts'),
      import('../../src/ui/run-result.ts'),
    ])
    const { value, exitCode } = await runRunbook(await this.session(flags), {
      etcdCluster: flags['etcd-cluster'],
      runbook: 'restart-apiserver',
      inputs: {},
    })
    return this.show(value, runLines(value), exitCode)
  }
}
