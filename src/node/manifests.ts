import { parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { pathOn, type RemoteHost } from '../ports/remote-host.ts'
import { OWN_DIR } from './copy-dir.ts'
import { readFilesIn } from './files.ts'
import { makeMove } from './moves.ts'

/** Where kubelet finds static pods (FACTS 6), and where one that is to stay down waits: beside it, so that a rename is enough. */
const MANIFESTS = '/etc/kubernetes/manifests'
export const ASIDE = `/etc/kubernetes/${OWN_DIR}`
const MAX_BYTES = 1 << 20

const pod = z.object({
  kind: z.literal('Pod'),
  metadata: z.object({ name: z.string() }),
  spec: z.object({ containers: z.array(z.object({ name: z.string() })) }),
})

/** A static pod by its container's name and its own, which in a manifest has no node's name after it. */
export interface StaticPodQuery {
  container: string
  podPrefix: string
}

export interface FoundManifests {
  /** Absolute paths of those that kubelet runs. */
  inPlace: string[]
  /** Of those that were set aside. */
  aside: string[]
}

/** The manifests of a static pod, by what is in them: their file names differ between kOps versions. */
export async function findManifests(host: RemoteHost, query: StaticPodQuery): Promise<FoundManifests> {
  const dirs = [MANIFESTS, ASIDE].map((dir) => pathOn(host, dir))
  // kubelet, too, passes over names that begin with a dot
  const found = (await readFilesIn(host, dirs, MAX_BYTES)).filter(({ content }) => isOf(content, query))
  const [inPlace = [], aside = []] = dirs.map((dir) =>
    found.map(({ path }) => path).filter((path) => path.startsWith(`${dir}/`)),
  )
  return { inPlace, aside }
}

function isOf(content: Buffer, { container, podPrefix }: StaticPodQuery): boolean {
  try {
    return parseAllDocuments(content.toString('utf8'), { logLevel: 'silent' }).some((document) => {
      if (document.errors.length > 0) return false
      const parsed = pod.safeParse(document.toJS({ maxAliasCount: 50 }))
      if (!parsed.success) return false
      const { metadata, spec } = parsed.data
      const isNamed = metadata.name === podPrefix || metadata.name.startsWith(`${podPrefix}-`)
      return isNamed && spec.containers.some(({ name }) => name === container)
    })
  } catch {
    return false
  }
}

/** Moves a pod's manifests away, so that kubelet stops it and does not start it again. Resolves to how many there are aside. */
export async function setManifestsAside(host: RemoteHost, query: StaticPodQuery): Promise<number> {
  const { inPlace, aside } = await findManifests(host, query)
  for (const path of inPlace) {
    const to = otherDir(host, path, ASIDE)
    // a node that was set up again has brought a new one; what was set aside before is kept under a name that nobody reads
    if (aside.includes(to)) await makeMove(host, { from: to, to: hidden(to) })
    await makeMove(host, { from: path, to })
  }
  return inPlace.length + aside.length
}

/** Puts them back; kubelet starts the pod. Resolves to how many were put back. */
export async function putManifestsBack(host: RemoteHost, query: StaticPodQuery): Promise<number> {
  const { inPlace, aside } = await findManifests(host, query)
  for (const path of aside) {
    const to = otherDir(host, path, MANIFESTS)
    await makeMove(host, { from: path, to: inPlace.includes(to) ? hidden(path) : to })
  }
  return aside.length
}

/** kubelet, and we, pass over names that begin with a dot. */
const hidden = (path: string) => path.replace(/([^/]+)$/, `.$1.${Date.now()}`)

const otherDir = (host: RemoteHost, path: string, dir: string) =>
  pathOn(host, `${dir}/${path.slice(path.lastIndexOf('/') + 1)}`)
