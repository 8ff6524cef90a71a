import { many } from '../words/numbers.ts'
import { tableLines } from './table.ts'
import { clean } from './text.ts'

/** What `control show --json` prints. */
export interface ControlValue {
  store: string
  verdict: string
  explain: string
  created: { state: string; problem?: string; hint?: string }
  spec: { state: string; memberCount?: number; etcdVersion?: string; problem?: string; hint?: string }
  commands: { key: string; at: string; backup?: string; problem?: string }[]
}

export function controlLines({ store, verdict, explain, created, spec, commands }: ControlValue): string[] {
  const members =
    spec.memberCount === undefined ? '' : `: ${many(spec.memberCount, 'member')}, etcd ${spec.etcdVersion}`
  const rows = commands.map(({ at, key, backup, problem }) => [at, backup ?? problem ?? 'of another kind', key])
  return [
    store,
    `  etcd-cluster-created  ${created.state}`,
    `  etcd-cluster-spec     ${spec.state}${clean(members)}`,
    `  ${verdict}: ${clean(explain)}`,
    ...[created, spec].flatMap(({ hint }) => (hint === undefined ? [] : [`  ${clean(hint)}`])),
    '',
    ...(rows.length === 0
      ? ['no commands are waiting']
      : ['These run at the next leader start, in this order:', ...tableLines(['at', 'restores', 'file'], rows)]),
  ]
}
