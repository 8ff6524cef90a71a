import { join } from 'node:path'
import { RescueError } from '../errors/rescue-error.ts'
import { sha256On, statMember } from '../node/files.ts'
import type { RemoteHost } from '../ports/remote-host.ts'
import { type Context, defineStep } from './define.ts'
import { fetchFile } from './support/fetch-file.ts'

type Ctx = Context<'copy'>

/**
 * The whole `member/` directory, not only `db`: acknowledged writes are in the WAL (FACTS 2). Originals are only read.
 * A broken transfer goes on where it broke; digests are compared on both ends.
 */
export const fetchMember = defineStep<'copy', 'fetched'>({
  id: 'fetch-member',
  title: 'fetch the member directory with its WAL',
  effect: 'local',
  needs: ['copy'],
  gives: ['fetched'],
  describe: () => ({
    reads: ['every file of the chosen member/ directory, and its SHA-256 on the node'],
    changes: ['a copy in the scratch on this machine'],
  }),
  check: async ({ world, needs: { copy } }) => {
    if (!world.controlPlane.some((host) => host.name === copy.node)) throw gone(copy.node)
  },
  act: async (context) => {
    const { world, needs, progress, note } = context
    const host = hostOf(context)
    const before = await statMember(host, needs.copy.path)
    if (!before.some(({ path }) => path === 'member/snap/db')) throw withoutDb(needs.copy)
    const total = before.reduce((sum, file) => sum + file.bytes, 0)
    const dir = await world.scratch.dir('fetched')
    await world.scratch.needRoom(total)
    const digests = sha256On(
      host,
      before.map((file) => `${needs.copy.path}/${file.path}`),
    )
    digests.catch(() => {}) // awaited below; a failed transfer is the better error
    let done = 0
    const files = []
    for (const file of before) {
      const onBytes = (got: number) => progress('fetch', done + got, total)
      files.push({
        path: file.path,
        ...(await fetchFile(context, host, needs.copy.path, file, join(dir, file.path), onBytes)),
      })
      done += file.bytes
    }
    await unchanged(context, host, before)
    compare(files, await digests, needs.copy.path)
    note(`fetched ${files.length} files, digests equal on both ends`)
    return { fetched: { dir, bytes: total, files } }
  },
})

function hostOf({ world, needs }: Ctx): RemoteHost {
  const host = world.controlPlane.find(({ name }) => name === needs.copy.node)
  if (!host) throw gone(needs.copy.node)
  return host
}

interface Stat {
  path: string
  bytes: number
  modifiedAt: number
}

async function unchanged({ needs }: Ctx, host: RemoteHost, before: Stat[]): Promise<void> {
  const after = new Map((await statMember(host, needs.copy.path)).map((file) => [file.path, file]))
  const moved = before.find(
    ({ path, bytes, modifiedAt }) => after.get(path)?.bytes !== bytes || after.get(path)?.modifiedAt !== modifiedAt,
  )
  if (moved || after.size !== before.length) throw changed(`${needs.copy.path}/${moved?.path ?? 'member'}`)
}

function compare(files: { path: string; sha256: string }[], remote: Map<string, string>, base: string): void {
  const other = files.find((file) => remote.get(`${base}/${file.path}`) !== file.sha256)
  if (other) throw changed(`${base}/${other.path}`)
}

function changed(path: string): RescueError {
  return new RescueError('COPY_CHANGED', `${path} changed while it was read`, {
    hint: 'an etcd is running on this directory: it is not a trashed copy; choose another with --copy NODE:TOKEN',
  })
}

function withoutDb({ id, path }: Ctx['needs']['copy']): RescueError {
  return new RescueError('COPY_CORRUPT', `the copy ${id} has no member/snap/db in ${path}`, {
    hint: 'choose another copy: etcd-rescue recover --copy NODE:TOKEN',
  })
}

function gone(node: string): RescueError {
  return new RescueError('PRECONDITION', `the copy is on node ${node}, which the config does not name`, {
    hint: 'add the node to nodes.controlPlane in etcd-rescue.yaml',
  })
}
