// restart kubelet on thousands of nodes behind one real sshd: seconds, memory, none twice and none left out.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, loadavg } from 'node:os'
import { join } from 'node:path'
import { packageAsInstalled } from '../scripts/lib/package.mjs'
import { startSshd } from './lib/sshd.mjs'

const COUNTS = [200, 1000, 5000]
const BATCH = 64
const CLUSTER = 'bench.example.com'
const say = (text) => process.stdout.write(`${text}\n`)

/**
 * systemctl of a node, that its address names: sshd tells a command by which it was reached. A restart is one line in the
 * log, and another process number from then on.
 */
const SYSTEMCTL = `#!/bin/sh
set -- $SSH_CONNECTION "$1"
case "$5" in
restart) echo "$3" >>"$BENCH/restarted"; echo $$ >"$BENCH/pid/$3" ;;
*) pid=1; [ ! -f "$BENCH/pid/$3" ] || read -r pid <"$BENCH/pid/$3"
  printf 'LoadState=loaded\\nActiveState=active\\nSubState=running\\nMainPID=%s\\n' "$pid" ;;
esac
`

/** In a network of its own, where every address of 127.0.0.0/8 is one of sshd's and nobody else can reach it. */
export async function nodes({ counts = COUNTS, dir: base }) {
  if (process.env.BENCH_NETWORK !== 'own') return again(counts)
  execFileSync('ip', ['link', 'set', 'lo', 'up'])
  const packageDir = await packageAsInstalled()
  const cache = base ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'etcd-rescue-test', 'bench')
  mkdirSync(cache, { recursive: true })
  say(
    `${'nodes'.padEnd(8)}${['seconds', 'ms a node', 'CPU ms', 'MB', 'restarted', 'twice', 'left out', 'load'].map((name) => name.padStart(11)).join('')}`,
  )
  for (const count of counts) {
    for (const isKilled of [false, true]) {
      const dir = mkdtempSync(join(cache, 'nodes-'))
      try {
        await measure({ dir, packageDir, count, isKilled })
      } finally {
        rmSync(dir, { recursive: true, force: true })
      }
    }
  }
}

/** As root only: a network of one's own is the kernel's to give. */
async function again(counts) {
  const argv = ['--net', process.execPath, process.argv[1], 'nodes', '--nodes', counts.join(',')]
  const child = spawn('unshare', argv, { stdio: 'inherit', env: { ...process.env, BENCH_NETWORK: 'own' } })
  const [code] = await once(child, 'exit')
  if (code !== 0) process.exitCode = 1
}

async function measure({ dir, packageDir, count, isKilled }) {
  for (const name of ['bin', 'pid', `state/${CLUSTER}/backups/etcd/main/control`])
    mkdirSync(join(dir, name), { recursive: true })
  writeFileSync(join(dir, 'bin/systemctl'), SYSTEMCTL, { mode: 0o755 })
  const env = `SetEnv SHLVL=1 BENCH=${dir} PATH=${dir}/bin:/usr/sbin:/usr/bin:/sbin:/bin`
  const sshd = await startSshd(join(dir, 'sshd'), { listen: '0.0.0.0', config: [env] })
  try {
    const addresses = Array.from({ length: count }, (_, at) => `127.1.${at >> 8}.${at & 255}`)
    const key = readFileSync(join(dir, 'sshd/host.pub'), 'utf8').trim()
    writeFileSync(sshd.knownHosts, addresses.map((address) => `[${address}]:${sshd.port} ${key}\n`).join(''))
    writeConfig(dir, sshd, addresses)
    const first = isKilled ? await untilHalf(start(dir, packageDir), dir, count) : undefined
    const command = first === undefined ? undefined : ['runs', 'resume', readdirSync(join(dir, 'work/runs'))[0]]
    const second = await ended(start(dir, packageDir, command))
    report({ count, isKilled, dir, addresses, runs: [first, second].filter((run) => run !== undefined) })
  } finally {
    await sshd.stop()
  }
}

function writeConfig(dir, { port, user, identityFile, knownHosts }, addresses) {
  const [first, ...others] = addresses.map((address, at) => ({ name: `n${at}`, address }))
  const ssh = { port, user, identityFile, knownHosts, sudo: false }
  const state = `file://${dir}/state`
  const config = {
    cluster: CLUSTER,
    state,
    workDir: join(dir, 'work'),
    ssh,
    nodes: { controlPlane: [first], workers: others },
  }
  writeFileSync(join(dir, 'etcd-rescue.yaml'), JSON.stringify(config))
}

function start(dir, packageDir, command = ['restart', 'kubelet', '--batch', String(BATCH)]) {
  const answers = ['--yes', '--confirm', CLUSTER, '--json', '--config', join(dir, 'etcd-rescue.yaml')]
  const child = spawn(process.execPath, [join(packageDir, 'bin/run.js'), ...command, ...answers], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const run = { child, begun: performance.now(), peak: 0, cpu: 0, said: '' }
  child.stderr.on('data', (chunk) => {
    run.said = (run.said + chunk).slice(-4000)
  })
  const timer = setInterval(() => {
    run.peak = Math.max(run.peak, residentMB(child.pid))
    run.cpu = Math.max(run.cpu, cpuSeconds(child.pid))
  }, 100)
  run.gone = once(child, 'exit').then(([code]) => {
    clearInterval(timer)
    run.seconds = (performance.now() - run.begun) / 1000
    return code
  })
  return run
}

async function ended(run) {
  const code = await run.gone
  if (code !== 0) throw new Error(`etcd-rescue ended with ${code}: ${run.said}`)
  return run
}

/** Killed when half of the nodes are done. */
async function untilHalf(run, dir, count) {
  while (run.child.exitCode === null && restarted(dir).length < count / 2)
    await new Promise((resolve) => setTimeout(resolve, 20))
  run.child.kill('SIGKILL')
  await run.gone
  // what was on its way to the nodes arrives
  await new Promise((resolve) => setTimeout(resolve, 2000))
  return run
}

function restarted(dir) {
  try {
    return readFileSync(join(dir, 'restarted'), 'utf8').split('\n').slice(0, -1)
  } catch {
    return []
  }
}

function residentMB(pid) {
  try {
    const kB = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return Number(kB ?? 0) / 1000
  } catch {
    return 0
  }
}

/** Of the tool alone: what others do on the machine makes it last longer, and not cost more. In ticks of 10 ms. */
function cpuSeconds(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')
    return (Number(fields[11]) + Number(fields[12])) / 100
  } catch {
    return 0
  }
}

function report({ count, isKilled, dir, addresses, runs }) {
  const all = restarted(dir)
  const done = new Set(all)
  const seconds = runs.reduce((sum, run) => sum + run.seconds, 0)
  const values = [
    seconds.toFixed(1),
    ((seconds * 1000) / count).toFixed(1),
    ((runs.reduce((sum, run) => sum + run.cpu, 0) * 1000) / count).toFixed(1),
    Math.max(...runs.map(({ peak }) => peak)).toFixed(0),
    all.length,
    all.length - done.size,
    addresses.filter((address) => !done.has(address)).length,
    loadavg()[0].toFixed(1),
  ]
  say(
    `${String(count).padEnd(8)}${values.map((value) => String(value).padStart(11)).join('')}${isKilled ? '  killed in the middle and resumed' : ''}`,
  )
}
