import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../src/app/base-command.ts'
import { etcdClusterFlag, sourceDescription } from '../src/app/flags.ts'
import type { NodesValue } from '../src/app/nodes.ts'

export default class Nodes extends BaseCommand {
  static override summary = 'list the nodes that a copy knows, in the form that etcd-rescue.yaml takes'
  static override description =
    'After a loss the running cluster knows no nodes any more; the copy does. Needed to restart the kubelets of all of them.'
  static override args = { source: Args.string({ required: true, description: sourceDescription }) }
  static override flags = {
    ...etcdClusterFlag,
    yaml: Flags.boolean({ summary: 'only the block for etcd-rescue.yaml' }),
  }

  async run(): Promise<NodesValue> {
    const { args, flags } = await this.parse(Nodes)
    const [{ listNodes }, { nodesLines, yamlLines }] = await Promise.all([
      import('../src/app.ts'),
      import('../src/ui/nodes.ts'),
    ])
    const options = { source: args.source, etcdCluster: flags['etcd-cluster'] }
    const value = await listNodes(await this.session(flags), options)
    return this.show(value, flags.yaml ? yamlLines(value.yaml) : nodesLines(value, this.width))
  }
}
