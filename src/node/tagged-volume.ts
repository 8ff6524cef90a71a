import { pathOn, type RemoteHost } from '../ports/remote-host.ts'
import { manifestWords, type StaticPodQuery } from './manifests.ts'

/**
 * The base directory that the manifest's `--volume-tag` names, where the node itself can tell: with `external` volumes
 * (bare metal) the one tag is how the directory's name below `/mnt/disks` begins (kubernetes-sigs/etcd-manager at 08036ab,
 * pkg/volumes/external). All other providers ask their cloud's API which volume has the tags; no node knows them.
 */
export async function taggedVolume(
  host: RemoteHost,
  query: StaticPodQuery,
  bases: readonly string[],
): Promise<string | undefined> {
  const words = await manifestWords(host, query)
  if (words.is !== 'seen') return undefined
  const valuesOf = (flag: string) =>
    words.value.filter((word) => word.startsWith(`--${flag}=`)).map((word) => word.slice(flag.length + 3))
  const [tag, other] = valuesOf('volume-tag')
  if (valuesOf('volume-provider').at(-1) !== 'external' || !tag || other !== undefined) return undefined
  const start = pathOn(host, `/mnt/disks/${tag}`)
  // etcd-manager takes the first of several: too little to write on a disk for
  const [base, second] = bases.filter((one) => one.startsWith(start) && /^[^/]*\/mnt$/.test(one.slice(start.length)))
  return second === undefined ? base : undefined
}
