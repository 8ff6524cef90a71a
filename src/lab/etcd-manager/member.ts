import type { ChildProcess } from 'node:child_process'
import { mkdir, readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { EtcdRelease } from '../../ports/etcd.ts'
import type { ManagerConfig } from './config.ts'
import { type EtcdSpec, killEtcd, layPki, startEtcd } from './etcd-process.ts'
import { info, messageOf, warning } from './log.ts'
import { type EtcdState, readState, type StateNode, writeState } from './state.ts'

/** A prepare lasts a minute in life, which is six loops. */
const PREPARED_LOOPS = 6

export interface JoinRequest {
  phase: 'prepare' | 'initial-cluster' | 'join-existing' | 'cancel-prepare'
  token: string
  etcdVersion: string
  nodes: StateNode[]
}

/** This node's etcd: what a leader may ask of it. */
export interface LocalEtcdMember {
  state(): EtcdState | undefined
  running(): boolean
  self(): StateNode
  diskEmpty(): Promise<boolean>
  /** Starts etcd when the state says that it should run. */
  runOnce(): Promise<void>
  join(request: JoinRequest): Promise<void>
  stopAndArchive(): Promise<void>
  setQuarantine(quarantined: boolean): Promise<void>
  kill(): Promise<void>
}

export async function openMember(config: ManagerConfig): Promise<LocalEtcdMember> {
  let state = await readState(config.volume)
  let process: { child: ChildProcess; dataDir: string } | undefined
  let prepared: { token: string; until: number } | undefined

  const running = () => process !== undefined && process.child.exitCode === null && process.child.signalCode === null

  async function save(next: EtcdState) {
    state = next
    await writeState(config.volume, next)
  }

  async function start(current: EtcdState) {
    const spec = specOf(config, current)
    info(`starting etcd with state ${describe(current)}`)
    info(`starting etcd with datadir ${spec.dataDir}`)
    await layPki(config.pkiDir, spec.pkiDir)
    const child = await startEtcd(spec)
    info(`started etcd with datadir ${spec.dataDir}; pid=${child.pid}`)
    process = { child, dataDir: spec.dataDir }
  }

  async function kill() {
    const current = process
    process = undefined
    if (current !== undefined && current.child.exitCode === null && current.child.signalCode === null) {
      info(`killing etcd with datadir ${current.dataDir}`)
      info('Waiting for etcd to exit')
      const { signal, code } = await killEtcd(current.child)
      info(`Exited etcd: ${signal === null ? `exit status ${code}` : 'signal: killed'}`)
    }
  }

  async function join_(request: JoinRequest) {
    if (request.phase === 'cancel-prepare') {
      prepared = undefined
      return
    }
    if (running()) throw new Error('etcd process already running')
    releaseFor(config, request.etcdVersion)
    if (prepared !== undefined && Date.now() > prepared.until) prepared = undefined
    if (request.phase === 'prepare') {
      if (prepared !== undefined) throw new Error(`concurrent prepare in progress "${prepared.token}"`)
      prepared = { token: request.token, until: Date.now() + PREPARED_LOOPS * config.loopSeconds * 1000 }
      return
    }
    if (prepared?.token !== request.token) throw new Error('not prepared')
    const isNew = request.phase === 'initial-cluster'
    const { token, nodes, etcdVersion } = request
    await save({ newCluster: isNew, token, nodes, etcdVersion, quarantined: isNew })
    await start({ newCluster: isNew, token, nodes, etcdVersion, quarantined: isNew })
    await save({ newCluster: false, token, nodes, etcdVersion, quarantined: isNew })
    prepared = undefined
  }

  /** The trashing of FACTS 1: SIGKILL, then `data/<token>` becomes `data-trashcan/<token>`. */
  async function stopAndArchive() {
    info('StopEtcd request: header:<leadership_token>')
    if (state === undefined) throw new Error('cluster not running')
    const { token } = state
    await kill()
    await save({ newCluster: false, token: '', nodes: [], etcdVersion: '', quarantined: false })
    if (token === '') return
    const [from, to] = [join(config.volume, 'data', token), join(config.volume, 'data-trashcan', token)]
    await mkdir(join(config.volume, 'data-trashcan'), { recursive: true, mode: 0o755 })
    info(`archiving etcd data directory ${from} -> ${to}`)
    await rename(from, to).catch((error) => warning(`error renaming directory ${from} -> ${to}: ${messageOf(error)}`))
  }

  async function setQuarantine(quarantined: boolean) {
    info(`Reconfigure request: quarantined:${quarantined}`)
    if (state === undefined || state.token === '') throw new Error('cluster not running')
    await kill()
    await save({ ...state, quarantined })
    await start(state)
  }

  return {
    state: () => (state?.token ? state : undefined),
    running,
    self: () => selfNode(config),
    diskEmpty: () => diskEmpty(config.volume),
    runOnce: async () => {
      if (state?.token && !running()) await start(state)
    },
    join: join_,
    stopAndArchive,
    setQuarantine,
    kill,
  }
}

function specOf(config: ManagerConfig, state: EtcdState): EtcdSpec {
  const { address, ports } = config
  if (!state.nodes.some((node) => node.name === config.nodeName))
    throw new Error('self node was not included in cluster')
  return {
    release: releaseFor(config, state.etcdVersion),
    name: config.nodeName,
    dataDir: join(config.volume, 'data', state.token),
    clientUrl: `https://${address}:${state.quarantined ? ports.quarantine : ports.client}`,
    peerUrl: `https://${address}:${ports.peer}`,
    initialCluster: state.nodes.map((node) => `${node.name}=${node.peerUrls[0]}`),
    token: state.token,
    clusterState: state.newCluster ? 'new' : 'existing',
    pkiDir: join(config.volume, 'pki', state.token),
  }
}

export function releaseFor(config: ManagerConfig, version: string): EtcdRelease {
  const release = config.releases[version]
  if (release === undefined) throw new Error(`unknown etcd version v${version}: not found in [/opt/etcd-v${version}]`)
  return release
}

function selfNode({ nodeName: name, address, ports }: ManagerConfig): StateNode {
  const url = (port: number) => [`https://${address}:${port}`]
  return {
    name,
    peerUrls: url(ports.peer),
    clientUrls: url(ports.client),
    quarantinedClientUrls: url(ports.quarantine),
    tls: true,
  }
}

async function diskEmpty(volume: string): Promise<boolean> {
  for (const name of ['state', 'data', 'data-trashcan']) {
    const entries = await readdir(join(volume, name)).catch((error: NodeJS.ErrnoException) =>
      error.code === 'ENOENT' ? [] : ['?'],
    )
    if (entries.length > 0) return false
  }
  return true
}

/** As etcd-manager prints a protobuf. */
function describe(state: EtcdState): string {
  const nodes = state.nodes.map((node) => `nodes:{name:"${node.name}"  peer_urls:"${node.peerUrls[0]}"}`).join('  ')
  const flags = `${state.newCluster ? 'new_cluster:true  ' : ''}${state.quarantined ? 'quarantined:true  ' : ''}`
  return `${flags}cluster:{cluster_token:"${state.token}"  ${nodes}}  etcd_version:"${state.etcdVersion}"`
}
