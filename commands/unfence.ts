import { BaseCommand } from '../src/app/base-command.ts'
import { runFlags } from '../src/app/flags.ts'
import type { RescueResult } from '../src/app/result.ts'

export default class Unfence extends BaseCommand {
  static override summary = 'start the API servers that were fenced'
  static override description = [
    'Puts their manifests back on every control-plane node and waits until they run.',
  ].join(' ')
  static override flags = { ...runFlags }

  async run(): Promise<RescueResult> {
    const { flags } = await this.parse(Unfence)
    const [{ runRunbook }, { runLines }] = await Promise.all([
      import('../src/app.ts'),
      import('../src/ui/run-result.ts'),
    ])
    const { value, exitCode } = await runRunbook(await this.session(flags), {
      etcdCluster: flags['etcd-cluster'],
      runbook: 'unfence',
      inputs: {},
    })
    return this.show(value, runLines(value), exitCode)
  }
}
