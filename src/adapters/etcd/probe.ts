import { access, constants } from 'node:fs/promises'
import { join } from 'node:path'
import type { EtcdMinor, EtcdRelease } from '../../ports/etcd.ts'
import { runTool } from './run-tool.ts'

const TIMEOUT_MS = 20_000

/** Either a release whose programs all ran and agree on their version, or why this directory holds none. */
export type Probe = { release: EtcdRelease } | { problem: string }

/** Runs what is in a directory to see what it is. A file that cannot run (other machine, missing library) is no etcd. */
export async function probeDir(dir: string): Promise<Probe> {
  const etcd = join(dir, 'etcd')
  const etcdctl = join(dir, 'etcdctl')
  for (const path of [etcd, etcdctl]) if (!(await isExecutable(path))) return { problem: `no ${path}` }
  const version = await versionOf([etcd, '--version'])
  if (!version) return { problem: `${etcd} does not run` }
  const minor = version.split('.').slice(0, 2).join('.') as EtcdMinor
  const other = await versionOf([etcdctl, 'version'])
  if (!other?.startsWith(`${minor}.`)) return { problem: `${etcd} is ${version}, ${etcdctl} is ${other ?? 'broken'}` }
  const etcdutl = await probeUtl(join(dir, 'etcdutl'), minor)
  return { release: { version, minor, etcd, etcdctl, ...(etcdutl && { etcdutl }) } }
}

async function probeUtl(path: string, minor: EtcdMinor): Promise<string | undefined> {
  if (!(await isExecutable(path))) return undefined
  const version = await versionOf([path, 'version'])
  return version?.startsWith(`${minor}.`) ? path : undefined
}

async function versionOf(argv: [string, string]): Promise<string | undefined> {
  const said = await runTool(argv, { timeoutMs: TIMEOUT_MS }).catch(() => undefined)
  return /version:\s*v?(\d+\.\d+\.\d+)/i.exec(said?.code === 0 ? said.stdout + said.stderr : '')?.[1]
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}
