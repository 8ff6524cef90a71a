import type { RemoteHost } from '../ports/remote-host.ts'
import { splitNul } from './answers.ts'
import { search } from './find.ts'

/** With `find -L`: a program, or a link that leads nowhere on the node. */
export const IS_PROGRAM_OR_LINK = ['-maxdepth', '0', '(', '-type', 'l', '-o', '-type', 'f', '-perm', '/111', ')']

const TARGETS = 'for p do printf "%s\\0" "$(readlink -- "$p")"; done'
/** Of kOps' init containers each link leads to the file itself. */
const MAX_HOPS = 4
const MAX_TARGET = 200

/**
 * Which of these links, seen below a container's root, lead to a program there. kOps links one patch name of etcd to
 * another by an absolute path, `/opt/etcd-v3.5.7/etcd` to `/opt/etcd-v3.5.17/etcd`: that is a path in the container, and
 * the node's kernel takes it for one on the node.
 */
export async function programsBehind(host: RemoteHost, root: string, links: readonly string[]): Promise<string[]> {
  const reached: string[] = []
  let open = links.map((link) => ({ link, at: link }))
  for (let hop = 0; hop < MAX_HOPS && open.length > 0; hop++) {
    const targets = await targetsOf(
      host,
      open.map(({ at }) => at),
    )
    open = open.flatMap(({ link }, at) => inside(targets[at]).map((target) => ({ link, at: `${root}${target}` })))
    const kinds = await kindsOf(host, [...new Set(open.map(({ at }) => at))])
    reached.push(...open.filter(({ at }) => kinds.get(at) === 'file').map(({ link }) => link))
    open = open.filter(({ at }) => kinds.get(at) === 'other')
  }
  return reached
}

async function targetsOf(host: RemoteHost, paths: readonly string[]): Promise<string[]> {
  return splitNul((await host.run({ effect: 'read', argv: ['sh', '-c', TARGETS, 'sh', ...paths] })).stdout)
}

/** A target as a path below the container's root; one with `..` may lead out of it. */
const inside = (target = '') =>
  target.startsWith('/') && target.length <= MAX_TARGET && !target.split('/').includes('..') ? [target] : []

async function kindsOf(host: RemoteHost, paths: readonly string[]) {
  if (paths.length === 0) return new Map<string, never>()
  const { found } = await search(host, paths, IS_PROGRAM_OR_LINK)
  return new Map(found.map(({ path, kind }) => [path, kind]))
}
