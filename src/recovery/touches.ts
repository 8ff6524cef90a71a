import type { Method } from './proposal.ts'

const RESTARTS = 'the control loop and all kubelets, restarted'

interface Touched {
  /** Control-plane nodes with a volume that answer. */
  nodes: number
  /** Those that do not answer. */
  away: readonly string[]
  /** Revisions may go back. */
  goesBack: boolean
}

/** What a way changes on the cluster, in the order in which it happens. */
export function touchedBy(method: Method, { nodes, away, goesBack }: Touched): string[] {
  const answering = nodes === 1 ? 'the control-plane node' : `${nodes} control-plane nodes`
  const all = away.length === 0 ? answering : `${answering} (not on ${away.join(', ')}, which cannot be reached)`
  const fence = 'API servers, stopped until the data is verified'
  const save = 'the backup store: what runs now is added as a backup'
  switch (method) {
    case 'return-in-place':
      return [save, fence, `etcd-manager, data/ and state on ${all}`, ...(goesBack ? [RESTARTS] : [])]
    case 'seed-in-place':
      return [save, fence, `etcd-manager, data/ and state on ${all}`]
    case 'rebuild-from-trashcan':
      return [`${save}, and the copy as another`, fence, `etcd-manager's leader`, 'kubelets, restarted']
    case 'restore-backup':
      return [save, fence, `etcd-manager's leader`, 'kubelets, restarted']
  }
}
