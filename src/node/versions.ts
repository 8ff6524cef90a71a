import { pathOn, type RemoteHost } from '../ports/remote-host.ts'
import type { ContainerRuntime } from './container.ts'
import { detectRuntime } from './detect-runtime.ts'
import { ETCD_PLACES } from './etcd-tools.ts'
import { type Found, find } from './find.ts'
import { IS_PROGRAM_OR_LINK, programsBehind } from './inner-links.ts'
import { manifestImage } from './manifests.ts'
import { findContainers } from './runtime.ts'

/** What runs on a node, as far as it could be found out. */
export interface NodeVersions {
  /**
   * The tag of the image that runs: `v3.0.20260707`; where the runtime knows a digest only, as its manifest has it. Absent
   * when neither says it, or nothing runs.
   */
  managerVersion?: string
  /**
   * Versions of etcd that this container carries: an `etcd` in `/opt/etcd-v<version>/` that can be run (FACTS 6). A
   * directory alone is none. Empty when none could be seen.
   */
  etcdVersionsOnNode: string[]
  /** Versions whose `etcd`, or its directory, is a link of which it cannot be told where it leads: it may be one. */
  etcdVersionsUnsure?: string[]
}

/** The versions of etcd-manager of one etcd cluster (`main`, `events`) on a node, and of the etcds it carries. */
export async function etcdManagerVersions(host: RemoteHost, etcdCluster: string): Promise<NodeVersions> {
  const query = { container: 'etcd-manager', podPrefix: `etcd-manager-${etcdCluster}` }
  const [container] = await findContainers(host, query)
  if (!container) return { etcdVersionsOnNode: [] }
  const runtime = await detectRuntime(host)
  const { image, pid } = await runtime.inspect(container.id)
  const managerVersion = tagOf(image) ?? tagOf(await manifestImage(host, query).catch(() => undefined))
  const etcds = pid > 0 ? await fromOutside(host, pid) : await fromInside(runtime, container.id)
  return { ...etcds, ...(managerVersion === undefined ? {} : { managerVersion }) }
}

/** `v3.0.20260707` of `registry/name:v3.0.20260707@sha256:…`; a digest alone, as some runtimes say it, is no tag. */
function tagOf(image: string | undefined): string | undefined {
  if (image === undefined || image.startsWith('sha256:')) return undefined
  return /:([\w][\w.-]{0,127})(?:@sha256:[0-9a-f]+)?$/.exec(image)?.[1]
}

type Etcds = Pick<NodeVersions, 'etcdVersionsOnNode' | 'etcdVersionsUnsure'>

/** kOps mounts some thirty. */
const MAX_VERSIONS = 200

const versionsIn = (names: readonly string[]): string[] =>
  names.flatMap((name) => /^etcd-v(\d+\.\d+\.\d+)$/.exec(name)?.[1] ?? []).slice(0, MAX_VERSIONS)

const programsOf = (root: string, version: string): string[] =>
  ETCD_PLACES.map((place) => `${root}/opt/etcd-v${version}${place}/etcd`)

const nameOf = (path: string) => path.slice(path.lastIndexOf('/') + 1)
const pathsOf = (kind: Found['kind'], found: readonly Found[]) =>
  found.filter((one) => one.kind === kind).map(({ path }) => path)

/** The image may have no `ls`; root sees the container's files through its process. */
async function fromOutside(host: RemoteHost, pid: number): Promise<Etcds> {
  const root = pathOn(host, `/proc/${pid}/root`)
  const depth = ['-mindepth', '1', '-maxdepth', '1', '-name', 'etcd-v*']
  const dirs = await find(host, [`${root}/opt`], depth)
  const versions = versionsIn(dirs.map(({ path }) => nameOf(path)))
  if (versions.length === 0) return { etcdVersionsOnNode: [] }
  const programs = versions.flatMap((version) => programsOf(root, version))
  const found = await find(host, programs, IS_PROGRAM_OR_LINK)
  const links = pathsOf('other', found)
  const there = [...pathsOf('file', found), ...(await programsBehind(host, root, links))]
  const has = (paths: readonly string[]) => (version: string) =>
    programsOf(root, version).some((path) => paths.includes(path))
  const etcdVersionsOnNode = versions.filter(has(there))
  const linked = versionsIn(pathsOf('other', dirs).map(nameOf))
  const unsure = versions
    .filter((version) => has(links)(version) || linked.includes(version))
    .filter((version) => !etcdVersionsOnNode.includes(version))
  return { etcdVersionsOnNode, ...(unsure.length === 0 ? {} : { etcdVersionsUnsure: unsure }) }
}

/** `ls` ends with 2 where one of them is missing, and crictl with 1 then. */
const SOME_MISSING = [0, 1, 2]

async function fromInside(runtime: ContainerRuntime, id: string): Promise<Etcds> {
  const versions = versionsIn((await runtime.exec(id, ['ls', '/opt'])).split('\n').slice(0, 1000))
  if (versions.length === 0) return { etcdVersionsOnNode: [] }
  const programs = versions.flatMap((version) => programsOf('', version))
  const lines = (await runtime.exec(id, ['ls', '-lL', ...programs], SOME_MISSING)).split('\n')
  const isProgram = (path: string) => lines.some((line) => /^-\S*x/.test(line) && line.endsWith(` ${path}`))
  return { etcdVersionsOnNode: versions.filter((version) => programsOf('', version).some(isProgram)) }
}
