import { chmod, mkdir, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { RescueError } from '../../errors/rescue-error.ts'
import type { EtcdRelease, RestoreOptions } from '../../ports/etcd.ts'
import { endOf, reasonFor } from './exit-reason.ts'
import { runTool } from './run-tool.ts'
import { checkSnapshotFile } from './snapshot-file.ts'

/** 1 GB takes 1.3 to 3.0 s (FACTS 7); a slow disk and 8 GB still end well below this. */
const TIMEOUT_MS = 15 * 60_000

/**
 * `snapshot restore` into a directory beside the wanted one, renamed when all is there: a data directory of this name
 * is always a whole one, even after a SIGKILL. The tool itself leaves a half one behind (FACTS 2).
 */
export async function restoreSnapshot(
  release: EtcdRelease,
  snapshotFile: string,
  dataDir: string,
  options: RestoreOptions,
): Promise<void> {
  const { skipHashCheck = false } = options
  await mustNotExist(dataDir)
  await checkSnapshotFile(snapshotFile, { skipHashCheck })
  const part = `${dataDir}.part`
  await rm(part, { recursive: true, force: true })
  await mkdir(dirname(dataDir), { recursive: true, mode: 0o700 })
  try {
    await runRestore(release, snapshotFile, part, options)
    await chmod(part, 0o700)
    await rename(part, dataDir)
  } catch (error) {
    await rm(part, { recursive: true, force: true })
    throw error
  }
}

async function runRestore(
  release: EtcdRelease,
  file: string,
  dataDir: string,
  { skipHashCheck, bumpRevision, signal }: RestoreOptions,
): Promise<void> {
  const argv = [restoreTool(release), 'snapshot', 'restore', file, '--data-dir', dataDir] as const
  const skip = skipHashCheck ? ['--skip-hash-check'] : []
  const bump = bumpRevision === undefined ? [] : bumpFlags(bumpRevision)
  const result = await runTool([...argv, ...skip, ...bump], { timeoutMs: TIMEOUT_MS, signal })
  if (result.code === 0) return
  const end = result.timedOut ? `no end after ${TIMEOUT_MS / 60_000} minutes` : endOf(result)
  throw reasonFor(`snapshot restore (etcd ${release.version})`, result.stderr + result.stdout, end)
}

const bumpFlags = (by: number) => [`--bump-revision=${by}`, '--mark-compacted']

/** Older patch releases lack these flags; the program itself is asked. */
export async function canBump(release: EtcdRelease, signal?: AbortSignal): Promise<boolean> {
  const { stdout, stderr } = await runTool([restoreTool(release), 'snapshot', 'restore', '--help'], {
    timeoutMs: 10_000,
    signal,
  })
  return (stdout + stderr).includes('--mark-compacted')
}

/** 3.4 has no etcdutl, 3.6's etcdctl can no longer restore (FACTS 2). */
function restoreTool({ etcdutl, etcdctl, minor, version }: EtcdRelease): string {
  if (etcdutl) return etcdutl
  const [major = 0, second = 0] = minor.split('.').map(Number)
  if (major === 3 && second <= 5) return etcdctl
  throw new RescueError('ETCD_MISSING', `etcd ${version} restores with etcdutl, which is not beside its etcdctl`, {
    hint: 'put the etcdutl of the same release there, or name a complete directory with --etcd-bin-dir',
  })
}

async function mustNotExist(dataDir: string): Promise<void> {
  const found = await stat(dataDir).catch(() => undefined)
  if (!found) return
  throw new RescueError('LOCAL_FILE', `${dataDir} exists already: a restore needs a new directory`, {
    hint: 'remove it when nothing needs it any more, or choose another directory',
  })
}
