import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { RescueError } from '../errors/rescue-error.ts'
import { clusterName } from './fields.ts'
import { findConfig } from './find.ts'
import { parseConfig } from './parse.ts'
import type { ConfigFile } from './schema.ts'
import { asS3, storeUrl } from './store-url.ts'

/** The normalised configuration: file, environment and flags put together, defaults filled in, paths absolute. */
export interface Config {
  /** The file it came from, if any. */
  file?: string
  cluster?: string
  state?: string
  etcdClusters: Record<string, { backupStore?: string }>
  s3: {
    region?: string
    endpoint?: string
    forcePathStyle?: boolean
    profile?: string
    encryption?: 'AES256' | 'aws:kms'
    kmsKeyId?: string
    checksums?: 'when-supported' | 'when-required'
  }
  ssh: { user?: string; port?: number; identityFile?: string; knownHosts?: string; jump?: string; sudo: boolean }
  nodes: { controlPlane: ConfigNode[]; workers: ConfigNode[] }
  volumes: string[]
  logs: Record<string, string>
  /** A directory on the control-plane nodes. */
  clientCertificates?: string
  tools: { etcdBinDir?: string; etcdManagerCtl?: string; etcdFromNodes?: boolean }
  workDir: string
  loopSeconds: number
  /** What the operator should know before going on, e.g. that --name is not the file's cluster. */
  warnings: string[]
}

export interface ConfigNode {
  name: string
  address: string
  port?: number
  user?: string
  root: string
  volumes: string[]
  /** It runs an API server, without being of the control plane. */
  apiServer?: true
}

/** What may override the file. `env` is `process.env`, given so that tests need not change it. */
export interface ConfigSources {
  config?: string | undefined
  name?: string | undefined
  state?: string | undefined
  env: NodeJS.ProcessEnv
  cwd: string
}

/** FACTS 6: clouds mount below /mnt, bare metal below /mnt/disks. */
const defaultVolumes = ['/mnt/*', '/mnt/disks/*/mnt']

/** Finds, reads and normalises. `CONFIG_INVALID` for the file's problems, `USAGE` for a wrong flag or variable. */
export async function loadConfig(sources: ConfigSources): Promise<Config> {
  const { env, cwd } = sources
  const found = await findConfig({ named: sources.config ?? env.ETCD_RESCUE_CONFIG, cwd })
  const file = found === undefined ? {} : parseConfig(found.text, found.path)
  const name = override(clusterName, ['--name', sources.name], ['KOPS_CLUSTER_NAME', env.KOPS_CLUSTER_NAME])
  const state = override(storeUrl, ['--state', sources.state], ['KOPS_STATE_STORE', env.KOPS_STATE_STORE])
  const base = found === undefined ? cwd : dirname(found.path)
  const config = normalise(file, env, base)
  const given = state ?? file.state
  return {
    ...config,
    ...defined({ file: found?.path, cluster: name ?? file.cluster }),
    ...(given === undefined ? {} : { state: asS3(given, config.s3.endpoint) }),
    warnings: warningsOf(file, name, state),
  }
}

function normalise(file: ConfigFile, env: NodeJS.ProcessEnv, base: string): Omit<Config, 'warnings'> {
  const local = (path: string | undefined) => (path === undefined ? undefined : localFile(path, env, base))
  const volumes = file.volumes ?? defaultVolumes
  const node = (entry: ConfigNodeEntry): ConfigNode => ({ root: '/', volumes, ...defined(entry) })
  const { ssh = {}, tools = {} } = file
  const s3 = defined({
    ...file.s3,
    ...defined({ region: env.S3_REGION || undefined, endpoint: env.S3_ENDPOINT || undefined }),
  })
  return {
    etcdClusters: etcdClustersOf(file, s3.endpoint),
    s3,
    ssh: {
      sudo: true,
      ...defined({ ...ssh, identityFile: local(ssh.identityFile), knownHosts: local(ssh.knownHosts) }),
    },
    nodes: {
      controlPlane: (file.nodes?.controlPlane ?? []).map(node),
      workers: [
        ...(file.nodes?.apiServers ?? []).map((entry) => ({ ...node(entry), apiServer: true as const })),
        ...(file.nodes?.workers ?? []).map(node),
      ],
    },
    volumes,
    logs: { main: '/var/log/etcd.log', events: '/var/log/etcd-events.log', ...file.logs },
    ...defined({ clientCertificates: file.clientCertificates }),
    tools: defined({
      etcdBinDir: local(tools.etcdBinDir),
      etcdManagerCtl: local(tools.etcdManagerCtl),
      etcdFromNodes: tools.etcdFromNodes,
    }),
    workDir: local(file.workDir) ?? defaultWorkDir(env),
    loopSeconds: file.loopSeconds ?? 10,
  }
}

type ConfigNodeEntry = NonNullable<NonNullable<ConfigFile['nodes']>['controlPlane']>[number]

function etcdClustersOf(file: ConfigFile, endpoint: string | undefined): Config['etcdClusters'] {
  const given = file.etcdClusters ?? { main: {}, events: {} }
  const read = (url: string | undefined) => (url === undefined ? {} : { backupStore: asS3(url, endpoint) })
  return Object.fromEntries(Object.entries(given).map(([name, entry]) => [name, read(entry?.backupStore)]))
}

export function defaultWorkDir(env: NodeJS.ProcessEnv): string {
  return join(env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'etcd-rescue')
}

/** `~` is home; other relative paths are relative to the config file, so that it works from any directory. */
function localFile(path: string, env: NodeJS.ProcessEnv, base: string): string {
  if (path === '~' || path.startsWith('~/')) return join(env.HOME || homedir(), path.slice(1))
  return resolve(base, path)
}

interface Field {
  safeParse(
    value: string,
  ): { success: true; data: string } | { success: false; error: { issues: { message: string }[] } }
}

/** The first of flag and variable that is set, checked like the file's own value. */
function override(field: Field, ...given: [source: string, value: string | undefined][]): string | undefined {
  const first = given.find(([, value]) => value)
  if (first === undefined) return undefined
  const [source, value = ''] = first
  const parsed = field.safeParse(value)
  if (parsed.success) return parsed.data
  const expected = parsed.error.issues[0]?.message
  throw new RescueError('USAGE', `${source} is ${JSON.stringify(value)}`, { hint: `${source} wants ${expected}` })
}

function warningsOf(file: ConfigFile, name: string | undefined, state: string | undefined): string[] {
  const other = (what: string, given: string | undefined, written: string | undefined) =>
    given !== undefined && written !== undefined && given !== written
      ? [`${what} ${given} was given; the file says ${written}, and its nodes and stores may be of that one`]
      : []
  return [...other('cluster', name, file.cluster), ...other('state store', state, file.state)]
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> } & {
  [K in keyof T as undefined extends T[K] ? never : K]: T[K]
}

/** Without the keys that are undefined: `exactOptionalPropertyTypes` tells the two apart, and so does JSON. */
function defined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as Defined<T>
}
