import { constants } from 'node:fs'
import { copyFile, link, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { parseWalName } from '../../bolt/index.ts'

/**
 * A member directory to run an etcd on, of one that must stay as it is: the database and the newest WAL file are copied
 * (blocks shared where the file system can), since etcd writes into them. Older WAL files and raft snapshots are only
 * read or unlinked by it, so they are linked. `*.tmp` are preallocated WAL files without content, which it makes anew.
 */
export async function copyMember(from: string, to: string, signal?: AbortSignal): Promise<void> {
  await mkdir(to, { recursive: true, mode: 0o700 })
  const entries = await readdir(from, { withFileTypes: true })
  const sealed = sealedNames(entries.map(({ name }) => name))
  for (const entry of entries) {
    signal?.throwIfAborted()
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isDirectory()) await copyMember(source, target, signal)
    else if (!entry.isFile() || entry.name.endsWith('.tmp')) continue
    else if (sealed.has(entry.name)) await linkOrCopy(source, target)
    else await copyFile(source, target, constants.COPYFILE_FICLONE)
  }
}

/** Raft snapshots, and WAL files but the one with the highest number. */
function sealedNames(names: readonly string[]): Set<string> {
  const wal = names.filter((name) => parseWalName(name)).sort()
  return new Set([...wal.slice(0, -1), ...names.filter((name) => name.endsWith('.snap'))])
}

/** Some file systems have no links. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  await link(from, to).catch(() => copyFile(from, to, constants.COPYFILE_FICLONE))
}
