import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../src/app/base-command.ts'
import { etcdClusterFlag, sourceDescription } from '../src/app/flags.ts'
import type { InspectValue } from '../src/app/inspect.ts'

export default class Inspect extends BaseCommand {
  static override summary = 'show what is inside a copy of the data, without an etcd'
  static override description = [
    'Reads a few pages: who the copy is, how far it reaches, what only its WAL holds. With --full every page is read and',
    'checked. Exit code 40 when the copy cannot be restored as it is. Nothing is written to the copy.',
  ].join(' ')
  static override args = { source: Args.string({ required: true, description: sourceDescription }) }
  static override flags = {
    ...etcdClusterFlag,
    full: Flags.boolean({ summary: 'read everything: keys by kind, history, leases, digest, damaged pages' }),
  }

  async run(): Promise<InspectValue> {
    const { args, flags } = await this.parse(Inspect)
    const [{ inspectSource }, { inspectLines }] = await Promise.all([
      import('../src/app.ts'),
      import('../src/ui/inspect.ts'),
    ])
    const options = { source: args.source, etcdCluster: flags['etcd-cluster'], full: flags.full }
    const { value, exitCode } = await inspectSource(await this.session(flags), options)
    return this.show(value, inspectLines(value), exitCode)
  }
}
