import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { privateDir } from '../files.ts'
import { type LabNode, pathsOf } from '../layout.ts'
import { writeShims } from '../shims/index.ts'

/** The directory tree of one node, as kOps lays it out (FACTS 6), with the sandbox's own commands in it. */
export async function makeTree(node: LabNode): Promise<void> {
  const paths = pathsOf(node)
  const common = [node.root, paths.logs, paths.tmp, paths.units, paths.containers, paths.bin, paths.proc]
  const volume = ['data', 'data-trashcan', 'pki'].map((name) => join(paths.mainVolume, name))
  const control = [paths.manifests, paths.aside, paths.etcdPki, paths.clientPki, ...volume]
  for (const dir of node.role === 'control-plane' ? [...common, ...control] : common) await privateDir(dir)
  await chmod(node.root, 0o700)
  await writeShims(node)
}
