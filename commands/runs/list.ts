import { BaseCommand } from '../../src/app/base-command.ts'
import type { RunEntry } from '../../src/app/runs.ts'
import { tableLines } from '../../src/ui/table.ts'

export default class RunsList extends BaseCommand {
  static override summary = 'earlier runs, the newest first'

  async run(): Promise<{ runs: RunEntry[] }> {
    const { flags } = await this.parse(RunsList)
    const { listEarlierRuns } = await import('../../src/app.ts')
    const runs = await listEarlierRuns(await this.session(flags))
    const rows = runs.map((run) => [run.run, run.status, run.runbook, run.cluster, run.etcdCluster])
    const none = ['no runs yet']
    return this.show(
      { runs },
      rows.length === 0 ? none : tableLines(['run', 'status', 'runbook', 'cluster', 'etcd'], rows, this.width),
    )
  }
}
