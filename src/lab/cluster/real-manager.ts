import { constants } from 'node:fs'
import { access, copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { RescueError } from '../../errors/rescue-error.ts'
import type { EtcdRelease } from '../../ports/etcd.ts'
import { privateDir, putFile } from '../files.ts'
import type { PodSpec } from '../kubelet/pod.ts'
import { type LabNode, MAIN_PORTS, pathsOf } from '../layout.ts'
import type { LabSettings } from '../options.ts'
import { quote } from '../shims/crictl.ts'
import { nodeEnv } from '../ssh/server.ts'
import type { LabStore } from './lab-store.ts'
import { doublePod } from './pods.ts'

/** Where etcd-manager without a volume provider finds its peers; fixed in the program, so a private mount covers it. */
const DISCOVERY = '/tmp/discovery'

/**
 * Lays out what the real etcd-manager expects at fixed places: `/opt/etcd-v<version>/` and the discovery folder. Each
 * node's process sees its own through mounts of its own, so it needs root or user namespaces.
 */
export async function prepareRealManager(dir: string, settings: LabSettings): Promise<void> {
  const bin = settings.etcdManagerBin
  if (bin === undefined) return
  const real = join(dir, 'real')
  await access(join(bin, 'etcd-manager'), constants.X_OK).catch((cause) => {
    const hint = 'give --etcd-manager-bin the folder that holds etcd-manager and etcd-manager-ctl'
    throw new RescueError('USAGE', `no etcd-manager in ${bin}`, { hint, cause })
  })
  await privateDir(join(real, 'discovery'))
  await copyFile(join(bin, 'etcd-manager'), join(real, 'etcd-manager'))
  for (const [version, release] of Object.entries(settings.releases))
    await layRelease(join(real, 'opt', `etcd-v${version}`), release)
}

/** `etcd` is a small script that ties the program to etcd-manager's life, as a container does. */
async function layRelease(to: string, release: EtcdRelease): Promise<void> {
  await privateDir(to)
  await copyFile(release.etcd, join(to, 'etcd.program'))
  await copyFile(release.etcdctl, join(to, 'etcdctl'))
  if (release.etcdutl !== undefined) await copyFile(release.etcdutl, join(to, 'etcdutl'))
  const script = `#!/bin/sh\nexec /usr/bin/setpriv --pdeathsig KILL "$(dirname "$0")/etcd.program" "$@"\n`
  await putFile(join(to, 'etcd'), script, 0o755)
}

/** The real etcd-manager with kOps' ports and log level (FACTS 6), without a cloud: `myid` names the peer. */
export function realPod(node: LabNode, dir: string, settings: LabSettings, store: LabStore): PodSpec {
  const paths = pathsOf(node)
  const url = (port: number) => `https://__address__:${port}`
  const flags = [
    `--address=${node.address}`,
    `--etcd-address=${node.address}`,
    '--cluster-name=etcd-main',
    `--data-dir=${paths.mainVolume}`,
    `--pki-dir=${paths.etcdPki}`,
    `--backup-store=${store.backupStore}`,
    `--backup-interval=${settings.backupSeconds}s`,
    '--discovery-poll-interval=10s',
    `--client-urls=${url(MAIN_PORTS.client)}`,
    `--quarantine-client-urls=${url(MAIN_PORTS.quarantine)}`,
    `--peer-urls=${url(MAIN_PORTS.peer)}`,
    `--grpc-port=${MAIN_PORTS.grpc}`,
    '--insecure=false',
    '--etcd-insecure=false',
    '--v=6',
  ]
  const real = join(dir, 'real')
  const script = [
    `mkdir -p ${DISCOVERY}`,
    `mount --bind ${quote(join(real, 'discovery'))} ${DISCOVERY}`,
    `mount --bind ${quote(join(real, 'opt'))} /opt`,
    `exec setpriv --pdeathsig KILL ${quote(join(real, 'etcd-manager'))} "$@"`,
  ].join(' && ')
  const asRoot = process.getuid?.() === 0 ? [] : ['--map-root-user']
  const argv = [
    'unshare',
    ...asRoot,
    '--mount',
    '--propagation',
    'private',
    'sh',
    '-c',
    script,
    'etcd-manager',
    ...flags,
  ] as const
  return {
    ...doublePod(node),
    argv: argv as PodSpec['argv'],
    env: { ...nodeEnv(node), ...store.env },
    proc: { dir: paths.proc, shows: (pid) => `/proc/${pid}` },
  }
}
