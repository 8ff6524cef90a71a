import { BaseCommand } from '../../src/app/base-command.ts'
import type { RunbookEntry } from '../../src/app/runbooks.ts'
import { tableLines } from '../../src/ui/table.ts'

export default class RunbooksList extends BaseCommand {
  static override summary = 'the runbooks that come with etcd-rescue'

  async run(): Promise<{ runbooks: RunbookEntry[] }> {
    await this.parse(RunbooksList)
    const { listRunbooks } = await import('../../src/app.ts')
    const runbooks = await listRunbooks()
    return this.show(
      { runbooks },
      tableLines(
        ['name', 'title'],
        runbooks.map(({ name, title }) => [name, title]),
      ),
    )
  }
}
