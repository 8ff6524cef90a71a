import type { ObjectStore } from '../../ports/object-store.ts'
import { loadInfo } from './backup.ts'
import { cleaner } from './clean-up.ts'
import type { ManagerConfig } from './config.ts'
import {
  type ClusterSpec,
  isNewCluster,
  markCreated,
  type RestoreCommand,
  readCommands,
  readSpec,
  writeSpec,
} from './control-store.ts'
import { election } from './leadership.ts'
import { info, messageOf } from './log.ts'
import { releaseFor } from './member.ts'
import { expand, replacer } from './membership.ts'
import { createNewCluster } from './new-cluster.ts'
import { type ClusterView, observe } from './observe.ts'
import { answering } from './peers.ts'

/**
 * One loop of the leader, as FACTS 1 and 4 describe it. Spec and commands are kept in memory and read again only at an
 * election, or in each loop while the marker is missing. True when something was done, so that the next loop follows
 * at once. Errors are the caller's to log; the next loop begins anew, and a failed restore trashes once more.
 */
export function controller(config: ManagerConfig, store: ObjectStore, me: string): () => Promise<boolean> {
  const stand = election()
  const disks = replacer(config)
  const cleanUp = cleaner(store)
  let spec: ClusterSpec | undefined
  let commands: RestoreCommand[] = []
  let lastBackup = 0

  async function refresh() {
    spec = await readSpec(store)
    commands = await readCommands(store)
  }

  async function seed(view: ClusterView, wanted: ClusterSpec): Promise<boolean> {
    releaseFor(config, wanted.etcdVersion)
    if (!(await createNewCluster(view, wanted, config.leaderFault))) return false
    await writeSpec(store, wanted)
    await markCreated(store)
    return true
  }

  /** It destroys before it looks: the new empty cluster first, then meta and backup (FACTS 4). */
  async function restore(view: ClusterView, command: RestoreCommand): Promise<boolean> {
    info(`got restore-backup command: restore_backup:{backup:"${command.backup}"}`)
    releaseFor(config, command.clusterSpec.etcdVersion)
    await createNewCluster(view, command.clusterSpec, config.leaderFault)
    await loadInfo(store, command.backup)
    const peer = view.healthy.at(-1)
    if (peer === undefined) throw new Error('unable to find peer on which to run restore operation')
    await peer.restore(command.backup).catch((error) => {
      throw new Error(
        `error restoring backup on peer peer{${peer.id}}: rpc error: code = Unknown desc = ${messageOf(error)}`,
      )
    })
    info('DoRestoreResponse: ')
    await writeSpec(store, command.clusterSpec)
    info(`deleting command ${command.key}`)
    await store.remove(command.key)
    await refresh()
    return true
  }

  async function maybeBackup(view: ClusterView, clusterSpec: ClusterSpec) {
    if (Date.now() - lastBackup < config.backupSeconds * 1000) return
    if (await backup(view, clusterSpec)) await cleanUp()
  }

  async function backup(view: ClusterView, clusterSpec: ClusterSpec) {
    const peer = view.healthy[0]
    if (peer?.state == null) return false
    const begun = Date.now()
    const name = await peer.backup({ etcdVersion: peer.state.etcdVersion, clusterSpec })
    info(`took backup: name:"${name}"`)
    lastBackup = begun
    return true
  }

  async function lead(view: ClusterView): Promise<boolean> {
    if (await isNewCluster(store)) {
      info('detected that there is no existing cluster')
      await refresh()
      if (spec !== undefined) return seed(view, spec)
    }
    if (spec === undefined) {
      info(
        commands.length > 0
          ? 'cluster spec was not found - is this a new cluster?'
          : 'no cluster spec set - must seed new cluster',
      )
      return false
    }
    const command = commands[0]
    if (command !== undefined) return restore(view, command)
    await maybeBackup(view, spec)
    return tend(view, spec)
  }

  async function tend(view: ClusterView, clusterSpec: ClusterSpec): Promise<boolean> {
    if (view.quarantined > 0) {
      if (view.healthy.length <= clusterSpec.memberCount / 2) return false
      info('Setting quarantined state to false')
      for (const peer of view.peers) if (peer.state !== null) await peer.setQuarantine(false)
      return true
    }
    if (view.members.length === 0) {
      // Then, and only then, spec and commands are read again without an election
      await refresh()
      throw new Error('etcd has 0 members registered; must issue restore-backup command to proceed')
    }
    const first = async () => void (await backup(view, clusterSpec))
    if (view.members.length < clusterSpec.memberCount) return expand(config, view, first)
    return disks.replaceEmptyDisk(view, first)
  }

  return async () => {
    const peers = await answering(config)
    const standing = stand(me, peers)
    if (standing === 'just-elected') {
      await refresh()
      disks.forget()
    }
    if (standing !== 'leader') return false
    const view = await observe(config, peers)
    disks.look(view)
    return lead(view)
  }
}
