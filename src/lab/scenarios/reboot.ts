import { existsSync } from 'node:fs'
import { copyFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { etcdManifest } from '../cluster/pods.ts'
import type { Lab } from '../lab.ts'
import { pathsOf } from '../layout.ts'
import { etcdOn } from './stalled-etcd.ts'

/** Where the product moves the manifests of what it keeps stopped. */
const MOVED_AWAY = 'etc/kubernetes/etcd-rescue'

/**
 * A control-plane node is rebooted: everything that ran on it is gone from one moment to the next, and then runs again.
 * `rewritten`: manifests that were moved away are there again, as kOps' own service writes them at each boot; without it
 * what was kept stopped stays stopped. Resolves when its etcd runs, where its etcd-manager does.
 */
export async function reboot(lab: Lab, name: string, { rewritten }: { rewritten: boolean }): Promise<void> {
  const node = lab.nodes.find((one) => one.name === name)
  if (node === undefined) throw new Error(`no node ${name}`)
  const { manifests } = pathsOf(node)
  const away = join(node.root, MOVED_AWAY)
  lab.settings.note(`node ${name} is rebooted`)
  await lab.killPods(name)
  if (rewritten && existsSync(away)) {
    for (const file of await manifestsIn(away)) await copyFile(join(away, file), join(manifests, file))
  }
  if (existsSync(join(manifests, etcdManifest('main', node)))) await etcdOn(node)
}

const manifestsIn = async (dir: string): Promise<string[]> =>
  (await readdir(dir)).filter((file) => file.endsWith('.manifest'))
