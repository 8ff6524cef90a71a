import { readdir, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { type LabNode, pathsOf } from '../layout.ts'
import { waitFor } from '../wait.ts'

/** The process that has a database of the node's main volume open: its etcd, whichever etcd-manager started it. */
export function etcdOn(node: LabNode): Promise<number> {
  const below = join(pathsOf(node).mainVolume, 'data/')
  return waitFor(`an etcd runs on node ${node.name}`, 60_000, async () => {
    for (const pid of await readdir('/proc')) if (/^\d+$/.test(pid) && (await holds(pid, below))) return Number(pid)
    return undefined
  })
}

/** Processes of others, and those that end meanwhile, hold nothing of ours. */
async function holds(pid: string, below: string): Promise<boolean> {
  const files = await readdir(`/proc/${pid}/fd`).catch(() => [])
  for (const file of files) {
    const path = await readlink(`/proc/${pid}/fd/${file}`).catch(() => '')
    if (path.startsWith(below) && path.endsWith('/member/snap/db')) return true
  }
  return false
}

/** The node's etcd takes in nothing more and answers nothing, as behind a disk that hangs, until it is killed. */
export async function stallEtcd(node: LabNode): Promise<void> {
  process.kill(await etcdOn(node), 'SIGSTOP')
}
