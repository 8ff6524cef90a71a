import { shellWord } from '../../shell/quote.ts'

/**
 * What takes a node in again that was away, and goes on with another cluster. `own=no`: a member whose data are not the
 * others', which is emptied and filled by them.
 */
export const rejoinCommand = (node: string, etcdCluster: string, own: 'auto' | 'no' = 'auto'): string =>
  `etcd-rescue run rejoin-member --set node=${shellWord(node)}`.concat(
    own === 'no' ? ' --set own=no' : '',
    ofCluster(etcdCluster),
  )

/** The flag that names an etcd cluster, where it is needed. */
export const ofCluster = (etcdCluster: string) => (etcdCluster === 'main' ? '' : ` --etcd-cluster ${etcdCluster}`)
