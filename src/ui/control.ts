import { clean, tableLines } from './text.ts'

/** What `control show --json` prints. */
export interface ControlValue {
  store: string
  verdict: string
  explain: string
  created: { state: string }
  spec: { state: string; memberCount?: number; etcdVersion?: string; problem?: string }
  commands: { key: string; at: string; backup?: string; problem?: string }[]
}

export function controlLines({ store, verdict, explain, created, spec, commands }: ControlValue): string[] {
  const members = spec.memberCount === undefined ? '' : `: ${spec.memberCount} members, etcd ${spec.etcdVersion}`
  const rows = commands.map(({ at, key, backup, problem }) => [at, backup ?? problem ?? 'of another kind', key])
  return [
    store,
    `  etcd-cluster-created  ${created.state}`,
    `  etcd-cluster-spec     ${spec.state}${clean(members)}`,
    `  ${verdict}: ${clean(explain)}`,
    '',
    ...(rows.length === 0
      ? ['no commands are waiting']
      : ['These run at the next leader start, in this order:', ...tableLines(['at', 'restores', 'file'], rows)]),
  ]
}
