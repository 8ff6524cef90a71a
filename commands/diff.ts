import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../src/app/base-command.ts'
import type { DiffValue } from '../src/app/diff.ts'
import { etcdClusterFlag, sourceDescription } from '../src/app/flags.ts'

export default class Diff extends BaseCommand {
  static override summary = 'show what a recovery from B would bring back, lose or change, compared with A'
  static override description = [
    'Compares every key and value, by kind and namespace, then by object. A can be `live`: the running cluster, read',
    'through the control plane. Nothing is changed.',
  ].join(' ')
  static override args = {
    a: Args.string({ required: true, description: `live, or ${sourceDescription}` }),
    b: Args.string({ required: true, description: 'the copy that a recovery would use' }),
  }
  static override flags = {
    ...etcdClusterFlag,
    limit: Flags.integer({ summary: 'how many objects to list of each sort', default: 20, min: 0, max: 100_000 }),
  }
  static override examples = ['<%= config.bin %> diff live a:XMnhMZBN4ESxoUXbpPBgKA']

  async run(): Promise<DiffValue> {
    const { args, flags } = await this.parse(Diff)
    const [{ diffSources }, { diffLines }] = await Promise.all([import('../src/app.ts'), import('../src/ui/diff.ts')])
    const options = { a: args.a, b: args.b, etcdCluster: flags['etcd-cluster'], limit: flags.limit }
    const value = await diffSources(await this.session(flags), options)
    return this.show(value, diffLines(value))
  }
}
