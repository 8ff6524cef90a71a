import { parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { pathOn, type RemoteHost } from '../ports/remote-host.ts'
import { absent, type Seen, seen, unseen } from '../seen/index.ts'
import { OWN_DIR } from './copy-dir.ts'
import { readFilesIn } from './files.ts'
import { makeMove } from './moves.ts'

/** Where kubelet finds static pods (FACTS 6), and where one that is to stay down waits: beside it, so that a rename is enough. */
const MANIFESTS = '/etc/kubernetes/manifests'
const ASIDE = `/etc/kubernetes/${OWN_DIR}`
const MAX_BYTES = 1 << 20

/** For a shell on the node: what was set aside there is where kubelet finds it. */
export const PUT_BACK = "sudo sh -c 'mv -n /etc/kubernetes/etcd-rescue/*.manifest /etc/kubernetes/manifests/'"

const pod = z.object({
  kind: z.literal('Pod'),
  metadata: z.object({ name: z.string() }),
  spec: z.object({
    containers: z.array(
      z.object({
        name: z.string(),
        image: z.string().optional(),
        command: z.array(z.string()).optional(),
        args: z.array(z.string()).optional(),
        // a value may come from elsewhere, and is not known then
        env: z.array(z.object({ name: z.string(), value: z.string().optional() })).optional(),
      }),
    ),
  }),
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

/** The image that a static pod's manifest in place names for its container; undefined when there is not just one. */
export async function manifestImage(host: RemoteHost, query: StaticPodQuery): Promise<string | undefined> {
  const found = await readFilesIn(host, [pathOn(host, MANIFESTS)], MAX_BYTES)
  const images = new Set(found.flatMap(({ content }) => containersIn(content, query)).map(({ image }) => image))
  return images.size === 1 ? [...images][0] : undefined
}

const isOf = (content: Buffer, query: StaticPodQuery): boolean => containersIn(content, query).length > 0

/** The containers of this name in the pods of this name that a file makes. */
function containersIn(content: Buffer, { container, podPrefix }: StaticPodQuery) {
  try {
    return parseAllDocuments(content.toString('utf8'), { logLevel: 'silent' }).flatMap((document) => {
      if (document.errors.length > 0) return []
      const parsed = pod.safeParse(document.toJS({ maxAliasCount: 50 }))
      if (!parsed.success) return []
      const { metadata, spec } = parsed.data
      const isNamed = metadata.name === podPrefix || metadata.name.startsWith(`${podPrefix}-`)
      return isNamed ? spec.containers.filter(({ name }) => name === container) : []
    })
  } catch {
    return []
  }
}

/** What a static pod's manifest says for an environment variable; absent when it does not name it, or there is none. */
export async function manifestEnv(host: RemoteHost, query: StaticPodQuery, name: string): Promise<Seen<string>> {
  const dirs = [MANIFESTS, ASIDE].map((dir) => pathOn(host, dir))
  const found = (await readFilesIn(host, dirs, MAX_BYTES)).flatMap(({ content }) => containersIn(content, query))
  if (found.length === 0) return unseen(`${host.name} has no manifest of ${query.podPrefix}`)
  const entry = found.flatMap(({ env = [] }) => env).find((one) => one.name === name)
  if (entry === undefined) return absent
  return entry.value === undefined ? unseen(`${name} comes from elsewhere`) : seen(entry.value)
}

/** The words of a static pod's command, as far as its manifests, in place or aside, agree; absent where there is none. */
export async function manifestWords(host: RemoteHost, query: StaticPodQuery): Promise<Seen<string[]>> {
  const dirs = [MANIFESTS, ASIDE].map((dir) => pathOn(host, dir))
  const found = (await readFilesIn(host, dirs, MAX_BYTES)).flatMap(({ content }) => containersIn(content, query))
  // older manifests have one shell line, newer ones a word an argument
  const lines = new Set(found.map(({ command = [], args = [] }) => [...command, ...args].join(' ')))
  if (lines.size > 1) return unseen(`the manifests of ${query.podPrefix} on ${host.name} do not agree`)
  const [line] = lines
  return line === undefined ? absent : seen(line.split(/\s+/))
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
