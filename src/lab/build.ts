import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freeNet } from './addresses.ts'
import { writeManagerConfigs, writePeerId } from './cluster/manager-config.ts'
import { newClusterPki, writeNodePki } from './cluster/node-pki.ts'
import { prepareRealManager } from './cluster/real-manager.ts'
import { makeLabStore } from './cluster/store.ts'
import { makeTree } from './cluster/trees.ts'
import { CLUSTER, writeConfig } from './config-file.ts'
import { writeSpec } from './etcd-manager/control-store.ts'
import { layEventsDecoy } from './events-decoy.ts'
import { privateDir } from './files.ts'
import type { Lab } from './lab.ts'
import { planNodes } from './layout.ts'
import { type LabOptions, settle } from './options.ts'
import { type Closer, runLab } from './run.ts'
import { makeSshKeys } from './ssh/keys.ts'

/**
 * Builds and starts a sandbox cluster on this machine: three control-plane nodes and some workers, each with its own
 * loopback address, SSH server, directory tree and commands; a real etcd on each control-plane node under an
 * etcd-manager (the double, or the real one), a backup store, and `etcd-rescue.yaml` for it.
 * Works as root and as an ordinary user. Everything is gone after `close`, and all processes die with this one.
 */
export async function buildLab(options: LabOptions): Promise<Lab> {
  const settings = settle(options)
  const dir = options.dir === undefined ? await mkdtemp(join(tmpdir(), 'etcd-drill-')) : await privateDir(options.dir)
  const closers: Closer[] = []
  if (!settings.keep) closers.push(() => rm(dir, { recursive: true, force: true, maxRetries: 5 }))
  try {
    const nodes = planNodes(dir, await freeNet(), settings.workers)
    const controlPlane = nodes.filter((node) => node.role === 'control-plane')
    const pki = await newClusterPki()
    for (const node of nodes) await makeTree(node)
    for (const node of controlPlane) await writeNodePki(node, pki)
    for (const node of controlPlane) await writePeerId(node)
    if (settings.eventsDecoy) await Promise.all(controlPlane.map((node) => layEventsDecoy(node, settings, pki)))
    const keys = await makeSshKeys(dir, nodes)
    const store = await makeLabStore(dir, CLUSTER, settings)
    closers.push(store.close)
    const configFile = await writeConfig({ dir, settings, nodes, keys, state: store.state, s3: store.s3 })
    const { backupStore, s3 } = store
    await prepareRealManager(dir, settings)
    await writeManagerConfigs({ settings, cluster: CLUSTER, backupStore, s3, controlPlane })
    // As `kops create cluster` does: the spec alone. With no marker, etcd-manager seeds the cluster (FACTS 1).
    await writeSpec(store.main, { memberCount: controlPlane.length, etcdVersion: settings.release.version })
    return await runLab({ dir, settings, nodes, pki, keys, store, configFile, closers })
  } catch (error) {
    for (const close of closers.reverse()) await close().catch(() => undefined)
    throw error
  }
}
