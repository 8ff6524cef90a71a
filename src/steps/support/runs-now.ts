import type { Look } from './look.ts'

/** kOps' client ports, and those of a quarantined etcd (kubernetes/kops, pkg/wellknownports; FACTS 6). */
const CLUSTER_OF_PORT: Readonly<Record<number, string>> = {
  ...{ 4001: 'main', 4002: 'events', 4003: 'cilium', 4004: 'leases' },
  ...{ 3994: 'main', 3995: 'events', 3991: 'cilium', 3992: 'leases' },
}

/** Which etcd cluster it is of: by what is inside, or, of one that runs and holds nothing yet, by where its clients come to. */
export function clusterOf({ peek, running, guess: told }: Pick<Look, 'peek' | 'running' | 'guess'>): string {
  const guess = peek?.guess ?? told ?? 'unknown'
  if (guess !== 'unknown' || running.is !== 'seen') return guess
  return running.value.clientPorts.map((port) => CLUSTER_OF_PORT[port]).find((name) => name !== undefined) ?? guess
}

/** As facts have it: a directory of which it could not be told is not said to serve, and not to be free. */
export const servingOf = ({ running }: Pick<Look, 'running'>): { serving: boolean; servingUnseen?: string } =>
  running.is === 'unseen' ? { serving: false, servingUnseen: running.why } : { serving: running.is === 'seen' }
