interface Placed {
  etcdCluster: string
  node?: string | undefined
  path?: string | undefined
}

/**
 * Copies by etcd cluster. A database without keys and with members of no telling name says nothing of itself; it belongs
 * to the cluster of the others on its volume, for a volume is one etcd cluster's.
 */
export function byEtcdCluster<T extends Placed>(copies: readonly T[]): Map<string, T[]> {
  const ofVolume = new Map<string, string>()
  for (const copy of copies) {
    const volume = volumeOf(copy)
    if (volume !== undefined && copy.etcdCluster !== 'unknown') ofVolume.set(volume, copy.etcdCluster)
  }
  const groups = new Map<string, T[]>()
  for (const copy of copies) {
    const known = copy.etcdCluster === 'unknown' ? ofVolume.get(volumeOf(copy) ?? '') : copy.etcdCluster
    const name = known ?? 'unknown'
    groups.set(name, [...(groups.get(name) ?? []), copy])
  }
  return groups
}

function volumeOf({ node, path }: Placed): string | undefined {
  return node === undefined ? undefined : `${node}:${path?.replace(/\/data(-trashcan)?\/[^/]+$/, '')}`
}
