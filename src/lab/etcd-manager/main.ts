import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ObjectStore } from '../../ports/object-store.ts'
import { openLabStore } from '../store.ts'
import { takeBackup } from './backup.ts'
import { type ManagerConfig, readConfig } from './config.ts'
import type { ClusterSpec } from './control-store.ts'
import { controller } from './controller.ts'
import { info, messageOf, warning } from './log.ts'
import { type JoinRequest, type LocalEtcdMember, openMember, releaseFor } from './member.ts'
import { doRestore } from './restore.ts'
import { serveRpc } from './rpc.ts'

/**
 * The etcd-manager double: a process of its own that does to etcd, volume and store what FACTS says that etcd-manager
 * does. Started with one argument, its config file; its output is the node's `/var/log/etcd.log`.
 */
async function main(configFile: string): Promise<void> {
  const config = readConfig(configFile)
  const store = openLabStore(config.backupStore, config.s3)
  const me = (await readFile(join(config.volume, 'myid'), 'utf8')).trim()
  const member = await openMember(config)
  const oneByOne = queue()
  await serveRpc(config.address, config.ports.grpc, config.secret, handlersOf(config, store, member, me, oneByOne))
  info(`etcd-manager double of ${config.clusterName}, peer id ${me}`)
  stopOn(member)
  void forever(config, () => oneByOne(() => member.runOnce()).then(() => false), 'error running etcd')
  await forever(config, controller(config, store, me), 'unexpected error running etcd cluster reconciliation loop')
}

type Queue = <T>(work: () => Promise<T>) => Promise<T>

/** One change of this node's etcd at a time, as etcd-manager holds a mutex. */
function queue(): Queue {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const next = last.then(work, work)
    last = next.catch(() => {})
    return next
  }
}

/** What the leader may ask of this node. */
function handlersOf(config: ManagerConfig, store: ObjectStore, member: LocalEtcdMember, id: string, oneByOne: Queue) {
  return {
    info: async () => ({
      id,
      address: config.address,
      node: member.self(),
      state: member.state() ?? null,
      running: member.running(),
      diskEmpty: await member.diskEmpty(),
    }),
    join: (request: JoinRequest) => oneByOne(() => member.join(request)),
    stop: () => oneByOne(() => member.stopAndArchive()),
    quarantine: ({ quarantined }: { quarantined: boolean }) => oneByOne(() => member.setQuarantine(quarantined)),
    backup: (body: { etcdVersion: string; clusterSpec: ClusterSpec }) =>
      oneByOne(() => {
        const { etcdctl } = releaseFor(config, body.etcdVersion)
        const port = member.state()?.quarantined ? config.ports.quarantine : config.ports.client
        return takeBackup(config, store, { ...body, etcdctl, endpoint: `https://${config.address}:${port}` })
      }),
    restore: ({ backup }: { backup: string }) => oneByOne(() => doRestore(config, store, backup)),
  }
}

/** Loops at once while there is progress, else after etcd-manager's 10 s (scaled). Never ends. */
async function forever(config: ManagerConfig, loop: () => Promise<boolean>, failure: string): Promise<void> {
  for (;;) {
    const progress = await loop().catch((error) => {
      warning(`${failure}: ${messageOf(error)}`)
      return false
    })
    if (!progress) await new Promise((resolve) => setTimeout(resolve, config.loopSeconds * 1000))
  }
}

/** A container that is stopped takes its etcd along (FACTS 6); at SIGKILL the kernel does that (`spawnTied`). */
function stopOn(member: LocalEtcdMember): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => void member.kill().finally(() => process.exit(0)))
  }
}

const [configFile] = process.argv.slice(2)
if (configFile === undefined) throw new Error('usage: main.js CONFIG')
await main(configFile)
