import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../src/app/base-command.ts'
import type { ExtractValue } from '../src/app/extract/index.ts'
import { etcdClusterFlag, sourceDescription } from '../src/app/flags.ts'

export default class Extract extends BaseCommand {
  static override summary = 'take single objects out of a copy, as YAML ready for kubectl apply'
  static override description = [
    'Without what another cluster gives anew: uid, owners, resource version, status. Nothing is written but to stdout or',
    'to a new file (0600).',
  ].join(' ')
  static override args = { source: Args.string({ required: true, description: sourceDescription }) }
  static override flags = {
    ...etcdClusterFlag,
    kind: Flags.string({ summary: 'Secret, configmaps, cm, sealedsecret, …', helpValue: 'KIND' }),
    namespace: Flags.string({ char: 'n', summary: 'only of this namespace', helpValue: 'NAME' }),
    'object-name': Flags.string({ summary: 'only of this name', helpValue: 'NAME' }),
    selector: Flags.string({ char: 'l', summary: 'by labels, as kubectl takes it', helpValue: 'SELECTOR' }),
    all: Flags.boolean({ summary: 'every object that can be given back' }),
    'include-secrets': Flags.boolean({ summary: 'Secrets too: they are in the clear' }),
    output: Flags.string({ char: 'o', summary: 'a new file, readable by you alone; - for stdout', helpValue: 'FILE' }),
  }
  static override examples = [
    '<%= config.bin %> extract a:XMnhMZBN4ESxoUXbpPBgKA --kind Secret -n kube-system -l sealedsecrets.bitnami.com/sealed-secrets-key --include-secrets -o keys.yaml',
  ]

  async run(): Promise<ExtractValue> {
    const { args, flags } = await this.parse(Extract)
    const [{ extractObjects }, { extractLines }] = await Promise.all([
      import('../src/app.ts'),
      import('../src/ui/extract.ts'),
    ])
    const value = await extractObjects(await this.session(flags), {
      source: args.source,
      etcdCluster: flags['etcd-cluster'],
      kind: flags.kind,
      namespace: flags.namespace,
      name: flags['object-name'],
      selector: flags.selector,
      all: flags.all,
      includeSecrets: flags['include-secrets'],
      output: flags.output,
    })
    // stdout may be the YAML itself
    return value.output === undefined ? this.tell(value, extractLines(value)) : this.show(value, extractLines(value))
  }
}
