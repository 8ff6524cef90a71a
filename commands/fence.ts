import { BaseCommand } from '../src/app/base-command.ts'
import { runFlags } from '../src/app/flags.ts'
import type { RescueResult } from '../src/app/result.ts'

export default class Fence extends BaseCommand {
  static override summary = 'stop the API servers on every control-plane node, and keep them stopped'
  static override description = [
    'The first thing to do after a loss: an API server that serves an empty etcd makes kubelets and controllers delete',
    'what really runs. Shows what is served now. Running pods go on. etcd-rescue unfence starts the API servers again.',
  ].join(' ')
  static override flags = { ...runFlags }

  async run(): Promise<RescueResult> {
    const { flags } = await this.parse(Fence)
    const [{ runRunbook }, { runLines }] = await Promise.all([
      import('../src/app.ts'),
      import('../src/ui/run-result.ts'),
    ])
    const { value, exitCode } = await runRunbook(await this.session(flags), {
      etcdCluster: flags['etcd-cluster'],
      runbook: 'fence',
      inputs: {},
    })
    return this.show(value, runLines(value), exitCode)
  }
}
