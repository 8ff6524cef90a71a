import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { EtcdRelease } from '../../ports/etcd.ts'
import { entryFile } from '../entry.ts'
import { privateDir, putFile } from '../files.ts'
import type { PodSpec } from '../kubelet/pod.ts'
import { API_PORT, type LabNode, MAIN_PORTS, type NodePaths, pathsOf } from '../layout.ts'
import type { LabSettings } from '../options.ts'
import { nodeEnv } from '../ssh/server.ts'

const SLEEP = ['sleep', '2147483647'] as const

/** The static pods of a control-plane node. Only etcd-manager-main and the API server do something; the others are there to be listed and restarted. */
export async function podsOf(node: LabNode, settings: LabSettings, manager: PodSpec): Promise<PodSpec[]> {
  const paths = pathsOf(node)
  const plain = (container: string, name = container, manifest = `${name}.manifest`): PodSpec => ({
    name,
    pod: `${name}-${node.name}`,
    container,
    manifest,
    argv: SLEEP,
    env: nodeEnv(node),
    log: join(paths.logs, `${container}.log`),
  })
  return [
    manager,
    plain('etcd-manager', 'etcd-manager-events', etcdManifest('events', node)),
    await apiserver(node, paths, settings, plain('kube-apiserver')),
    plain('kube-controller-manager'),
    plain('kube-scheduler'),
  ]
}

/** kOps calls it after the etcd cluster and the instance group, so only what is inside says which pod it makes. */
export const etcdManifest = (etcdCluster: string, node: LabNode): string =>
  `etcd-${etcdCluster}-control-plane-${node.name}.manifest`

async function apiserver(node: LabNode, paths: NodePaths, settings: LabSettings, plain: PodSpec): Promise<PodSpec> {
  if (!settings.apiserver) return plain
  const config = {
    node: node.name,
    address: node.address,
    etcdPort: MAIN_PORTS.client,
    port: API_PORT,
    pkiDir: paths.clientPki,
    pauseFile: paths.pauseFile,
    everySeconds: settings.loopSeconds,
  }
  await putFile(paths.apiserverConfig, JSON.stringify(config))
  return { ...plain, argv: [process.execPath, entryFile('apiserver'), paths.apiserverConfig] }
}

/** The double in place of the real etcd-manager. */
export function doublePod(node: LabNode): PodSpec {
  const paths = pathsOf(node)
  return {
    name: 'etcd-manager-main',
    pod: `etcd-manager-main-${node.name}`,
    container: 'etcd-manager',
    manifest: etcdManifest('main', node),
    argv: [process.execPath, entryFile('etcd-manager'), paths.managerConfig],
    env: nodeEnv(node),
    log: paths.etcdLog,
    proc: { dir: paths.proc, shows: () => paths.managerFiles },
  }
}

/** The etcds that the double carries, where the real one has them: `/opt/etcd-v<version>/` of its container (FACTS 6). */
export async function layManagerFiles(node: LabNode, releases: Readonly<Record<string, EtcdRelease>>): Promise<void> {
  const opt = join(pathsOf(node).managerFiles, 'root', 'opt')
  for (const [version, { etcd, etcdctl, etcdutl }] of Object.entries(releases)) {
    const dir = await privateDir(join(opt, `etcd-v${version}`))
    const programs = { etcd, etcdctl, ...(etcdutl === undefined ? {} : { etcdutl }) }
    for (const [name, program] of Object.entries(programs)) await symlink(program, join(dir, name))
  }
}
