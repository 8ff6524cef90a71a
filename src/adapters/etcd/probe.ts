import { access, constants } from 'node:fs/promises'
import { join } from 'node:path'
import type { EtcdMinor, EtcdRelease } from '../../ports/etcd.ts'
import { endOf } from './exit-reason.ts'
import { lastUsefulLine } from './log-line.ts'
import { runTool } from './run-tool.ts'

const TIMEOUT_MS = 20_000

/** Either a release whose programs all ran and agree on their version, or why this directory holds none. */
export type Probe = { release: EtcdRelease } | { problem: string }

/** Runs what is in a directory to see what it is. A file that cannot run (other machine, missing library) is no etcd. */
export async function probeDir(dir: string): Promise<Probe> {
  const etcd = join(dir, 'etcd')
  const etcdctl = join(dir, 'etcdctl')
  for (const path of [etcd, etcdctl]) if (!(await isExecutable(path))) return { problem: `no ${path}` }
  const { version, said } = await askVersion([etcd, '--version'])
  if (!version) return { problem: `${etcd} does not run: ${said}` }
  const minor = version.split('.').slice(0, 2).join('.') as EtcdMinor
  const { version: other } = await askVersion([etcdctl, 'version'])
  if (!other?.startsWith(`${minor}.`)) return { problem: `${etcd} is ${version}, ${etcdctl} is ${other ?? 'broken'}` }
  const etcdutl = await probeUtl(join(dir, 'etcdutl'), minor)
  return { release: { version, minor, etcd, etcdctl, ...(etcdutl && { etcdutl }) } }
}

async function probeUtl(path: string, minor: EtcdMinor): Promise<string | undefined> {
  if (!(await isExecutable(path))) return undefined
  const { version } = await askVersion([path, 'version'])
  return version?.startsWith(`${minor}.`) ? path : undefined
}

async function askVersion(argv: [string, string]): Promise<{ version: string | undefined; said: string }> {
  try {
    const result = await runTool(argv, { timeoutMs: TIMEOUT_MS })
    const text = result.stdout + result.stderr
    const version = result.code === 0 ? /version:\s*v?(\d+\.\d+\.\d+)/i.exec(text)?.[1] : undefined
    return { version, said: `${result.timedOut ? 'no end in time' : endOf(result)} ${lastUsefulLine(text)}`.trim() }
  } catch (error) {
    return { version: undefined, said: String(error) }
  }
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}
