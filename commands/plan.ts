import { Args } from '@oclif/core'
import { BaseCommand } from '../src/app/base-command.ts'
import { etcdClusterFlag, parseSet, setFlag } from '../src/app/flags.ts'
import type { PlanValue } from '../src/app/plan.ts'

export default class Plan extends BaseCommand {
  static override summary = 'what a runbook would do, step by step; touches nothing'
  static override args = { runbook: Args.string({ description: 'name or file', default: 'rebuild-from-trashcan' }) }
  static override flags = { ...etcdClusterFlag, ...setFlag }

  async run(): Promise<PlanValue> {
    const { args, flags } = await this.parse(Plan)
    const { plan } = await import('../src/app.ts')
    const { value, lines } = await plan(await this.session(flags), {
      etcdCluster: flags['etcd-cluster'],
      runbook: args.runbook,
      inputs: parseSet(flags.set),
    })
    return this.show(value, lines)
  }
}
