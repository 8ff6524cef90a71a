import type { ChildProcess } from 'node:child_process'
import { chmod, mkdir, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { RescueError } from '../../errors/rescue-error.ts'
import type { EtcdRelease, LocalMember, StartOptions } from '../../ports/etcd.ts'
import { spawnBound } from './bound-process.ts'
import { explainExit } from './exit-reason.ts'
import { keepLeases } from './keep-leases.ts'
import { waitUntilServing } from './readiness.ts'
import { startNotes } from './start-notes.ts'
import { removeTempDir, shortTempDir } from './temp-dir.ts'

/** 1 GB is served after 1.4 to 3.3 s (FACTS 7). */
const READY_MS = 120_000
const TERM_MS = 10_000
/** etcd names a socket `host:port`; the file is made in its working directory. */
const CLIENT = 'c:1'
const PEER = 'p:1'

/** Starts a member and waits until it answers a linearizable read; see the port. An own, new member if `dataDir` is empty. */
export async function startMember(release: EtcdRelease, dataDir: string, options: StartOptions): Promise<LocalMember> {
  options.signal?.throwIfAborted()
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  await chmod(dataDir, 0o700)
  const runDir = await shortTempDir()
  const logFile = join(runDir, 'etcd.log')
  const child = await launch(release, dataDir, runDir, logFile, options)
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const end = () => endProcess(child, exited)
  try {
    const client = await waitUntilServing({
      socketPath: join(runDir, CLIENT),
      name: `the local etcd ${release.version}`,
      exited,
      timeoutMs: options.timeoutMs ?? READY_MS,
      signal: options.signal,
      explainExit: async () => explainExit(release, child, await readFile(logFile, 'utf8').catch(() => '')),
      lastLog: () => readFile(logFile, 'utf8').catch(() => ''),
    })
    const keeper = await keepLeases(join(runDir, CLIENT), exited).catch(async (error) => {
      await client.close()
      throw error
    })
    const notes = startNotes(await readFile(logFile, 'utf8').catch(() => ''))
    let stopping: Promise<void> | undefined
    const stop = async () => {
      await client.close()
      const ranOut = await keeper.end()
      await end()
      await removeTempDir(runDir)
      if (ranOut) throw ranOut
    }
    return {
      release,
      dataDir,
      pid: child.pid ?? 0,
      client,
      notes,
      stop: () => {
        stopping ??= stop()
        return stopping
      },
    }
  } catch (error) {
    // one that asks for a user has replayed its log: ended in order, it leaves all of it in its database
    if (!(error instanceof RescueError && error.code === 'PRECONDITION')) child.kill('SIGKILL')
    await end()
    await removeTempDir(runDir)
    throw error
  }
}

async function launch(release: EtcdRelease, dataDir: string, runDir: string, logFile: string, options: StartOptions) {
  const log = await open(logFile, 'wx', 0o600)
  try {
    const child = spawnBound([release.etcd, ...flags(release, dataDir, options)], {
      cwd: runDir,
      stdio: ['ignore', log.fd, log.fd],
    })
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', reject)
    })
    return child
  } catch (cause) {
    await removeTempDir(runDir)
    throw new RescueError('ETCD_FAILED', `cannot start ${release.etcd}`, { hint: 'run it by hand to see why', cause })
  } finally {
    await log.close()
  }
}

function flags({ minor }: EtcdRelease, dataDir: string, options: StartOptions): string[] {
  const { forceNewCluster = false, isDurable = true } = options
  const name = 'etcd-rescue'
  return [
    ...['--name', name, '--data-dir', dataDir],
    ...['--listen-client-urls', `unix://${CLIENT}`, '--advertise-client-urls', `unix://${CLIENT}`],
    ...['--listen-peer-urls', `unix://${PEER}`, '--initial-advertise-peer-urls', `unix://${PEER}`],
    ...['--initial-cluster', `${name}=unix://${PEER}`],
    // none: with one, replaying the WAL of a larger database raises an alarm that the copy did not have
    ...['--quota-backend-bytes', '-1'],
    ...['--auto-compaction-retention', '0'],
    // alone it has nobody to wait for: with the defaults it votes for itself only after up to a second
    ...['--heartbeat-interval', '10', '--election-timeout', '100'],
    // 3.4 would write plain text otherwise
    ...['--logger', 'zap', '--log-outputs', 'stderr'],
    ...(isDurable || minor === '3.4' ? [] : ['--unsafe-no-fsync']),
    ...(forceNewCluster ? ['--force-new-cluster'] : []),
  ]
}

async function endProcess(child: ChildProcess, exited: Promise<void>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), TERM_MS)
  await exited
  clearTimeout(timer)
}
