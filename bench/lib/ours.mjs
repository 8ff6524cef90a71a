// The same steps through the product's own command line, measured from the journal that it writes.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './process.mjs'

const runbook = fileURLToPath(new URL('../rebuild.yaml', import.meta.url))

/** Writes the config of a cluster with one control-plane node, whose volume is `volume`. */
export function writeConfig({ dir, sshd, store, volume, release }) {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const config = {
    cluster: 'bench.example.com',
    etcdClusters: { main: { backupStore: `s3://${store.bucket}/etcd/main` } },
    s3: { region: 'us-east-1', endpoint: store.endpoint, forcePathStyle: true },
    ssh: { user: sshd.user, identityFile: sshd.identityFile, knownHosts: sshd.knownHosts, sudo: false },
    nodes: { controlPlane: [{ name: 'a', address: '127.0.0.1', port: sshd.port }] },
    volumes: [volume],
    tools: { etcdBinDir: dirname(release.etcd) },
  }
  const file = join(dir, 'etcd-rescue.yaml')
  writeFileSync(file, JSON.stringify(config))
  return file
}

function command({ packageDir, config, store }, workDir, args) {
  return {
    argv: [
      process.execPath,
      join(packageDir, 'bin/run.js'),
      ...args,
      '--config',
      config,
      '--work-dir',
      workDir,
      '--json',
    ],
    env: { S3_ACCESS_KEY_ID: store.accessKeyId, S3_SECRET_ACCESS_KEY: store.secretAccessKey },
  }
}

/** One pass. Seconds from the first byte asked for to the backup published, by step, and the peak of resident memory. */
export async function ours(bench) {
  const workDir = join(bench.dir, 'work')
  rmSync(workDir, { recursive: true, force: true })
  const { argv, env } = command(bench, workDir, ['run', runbook, '--yes', '--confirm', 'bench.example.com'])
  let memory
  const { seconds: wall } = await run(argv, { env, onSpawn: (child) => (memory = watchMemory(child)) })
  const [id] = readdirSync(join(workDir, 'runs'))
  const lines = readFileSync(join(workDir, 'runs', id, 'journal.ndjson'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  rmSync(workDir, { recursive: true, force: true })
  const at = (type, step) =>
    new Date(lines.find((line) => line.type === type && line.step === step).at).getTime() / 1000
  const finished = lines.filter(({ type }) => type === 'finished')
  const stages = Object.fromEntries(finished.map(({ step }) => [step, at('finished', step) - at('started', step)]))
  const notes = lines.filter(({ type }) => type === 'event').map(({ step, line }) => `${step}: ${line}`)
  const { backup } = finished.at(-1).facts
  const { peakMb, samples } = memory()
  const during = (step) => samples.filter(({ at: when }) => when >= at('started', step) && when <= at('finished', step))
  const memoryByStage = Object.fromEntries(
    finished.map(({ step }) => [step, Math.max(0, ...during(step).map(({ mb }) => mb))]),
  )
  return {
    seconds: at('finished', 'publish-backup') - at('started', 'fetch-member'),
    wall,
    stages,
    notes,
    memoryMb: peakMb,
    memoryByStage,
    bytes: backup.bytes,
  }
}

/** A dry run reads and changes nothing: its time, and for how long of it the node was at work. */
export async function dryRun(bench) {
  const { argv, env } = command(bench, join(bench.dir, 'dry'), ['run', runbook, '--dry-run', '--yes'])
  const begun = performance.now()
  const { seconds } = await run(argv, { env })
  return { seconds, remoteSeconds: bench.sshd.busy(begun) }
}

/** The kernel's own peak (VmHWM) of the process, and what was resident every 50 ms, by Unix seconds. */
function watchMemory(child) {
  let peakMb = 0
  const samples = []
  const timer = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
      const mb = (name) => Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024)
      peakMb = Math.max(peakMb, mb('VmHWM'))
      samples.push({ at: Date.now() / 1000, mb: mb('VmRSS') })
    } catch {
      clearInterval(timer)
    }
  }, 50)
  child.once('exit', () => clearInterval(timer))
  return () => ({ peakMb, samples })
}
