// Seconds without a linearizable read: of a plain restart, of each way in place, and of restore-backup; one cluster, in turns.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { homedir, loadavg } from 'node:os'
import { join, resolve } from 'node:path'
import { packageAsInstalled } from '../scripts/lib/package.mjs'
import { run } from './lib/process.mjs'
import { openSandbox } from './lib/sandbox.mjs'
import { head, line, spread } from './lib/table.mjs'

const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'etcd-rescue-test')
const ETCD = '3.5.30'
/** As FACTS 7: 490,000 keys make 1 GB of database. */
const KEYS_PER_GB = 490_000
const BYTES_PER_KEY = 1_850
/** etcd-manager's loops do not matter for what is measured in place; a restore through it is flattered, see `said`. */
const SPEED = 10
/** Backups of a gigabyte beside the measurements would be measured too. */
const BACKUP_SECONDS = { small: 5, large: 60 }

const say = (text) => process.stdout.write(`${text}\n`)
const load = () => loadavg()[0].toFixed(1)

/** The steps in which etcd is away. */
const OUT = ['stop-etcd-manager', 'swap-directories', 'write-state', 'start-etcd-manager', 'watch-members']

const said = [
  'plain restart: over ssh, all three at once, manifests away until the containers are gone, and back.',
  'outage: from the last linearizable read that any of three members answered to the first one after; polled every 25 ms.',
  'A member starts from its state file without waiting for a loop, so in place and in the plain restart nothing is bent.',
  'With the double restore-backup is flattered: loops of 1 s instead of 10, ten keys at once instead of one.',
]

export async function inPlace({ bytes, size, runs, dir: base, etcdManagerBin }) {
  const keys = Math.round((bytes / 1e9) * KEYS_PER_GB)
  const packageDir = await packageAsInstalled()
  mkdirSync(join(base ?? cache, 'bench'), { recursive: true })
  const dir = mkdtempSync(join(base ?? cache, 'bench', 'in-place-'))
  const options = {
    ...{ dir: join(dir, 'lab'), release: releaseOf(ETCD), workers: 0, store: 'file', speed: SPEED },
    ...{ eventsDecoy: false, etcdBinDir: join(cache, 'etcd', ETCD), note: (text) => say(`  ${text}`) },
    ...(etcdManagerBin === undefined ? {} : { etcdManagerBin: resolve(etcdManagerBin) }),
    backupSeconds: bytes > 1e8 ? BACKUP_SECONDS.large : BACKUP_SECONDS.small,
  }
  const manager = etcdManagerBin === undefined ? `the double at speed ${SPEED}` : `the real one in ${etcdManagerBin}`
  say(`etcd ${ETCD}, etcd-manager: ${manager}, ${keys} keys, ${size}, three members, store on disk, load ${load()}`)
  const sandbox = await openSandbox(packageDir, options)
  try {
    await sandbox.fill({ keys, sizeBytes: keys * BYTES_PER_KEY, seed: 1 })
    report(await measure({ sandbox, packageDir, dir, runs }), size)
  } finally {
    await sandbox.close()
    rmSync(dir, { recursive: true, force: true })
  }
}

async function measure({ sandbox, packageDir, dir, runs }) {
  const seconds = { restart: [], 'return-in-place': [], 'seed-in-place': [], 'restore-backup': [] }
  const out = () => Object.fromEntries(OUT.map((step) => [step, []]))
  const stages = { 'return-in-place': out(), 'seed-in-place': out(), 'restore-backup': {} }
  const whole = { 'return-in-place': [], 'seed-in-place': [], 'restore-backup': [] }
  const recover = async (method) => {
    await sandbox.reseed()
    const begun = performance.now()
    const work = async () => {
      const { steps } = await command({ sandbox, packageDir, dir, method })
      for (const { id, seconds: took } of steps) stages[method][id]?.push(took)
    }
    seconds[method].push(await sandbox.outageOf(work, 'another'))
    whole[method].push((performance.now() - begun) / 1000)
    say(`${method}: ${seconds[method].at(-1).toFixed(2)} s, load ${load()}`)
  }
  for (let i = 0; i < runs; i += 1) {
    seconds.restart.push(await sandbox.outageOf(sandbox.restart, 'longest'))
    say(`plain restart: ${seconds.restart.at(-1).toFixed(2)} s, load ${load()}`)
    await recover('return-in-place')
    await recover('seed-in-place')
  }
  // once, and last: it takes the longest, and leaves another cluster behind
  await sandbox.backup()
  await recover('restore-backup')
  return { seconds, stages, whole }
}

async function command({ sandbox, packageDir, dir, method }) {
  const workDir = join(dir, 'work')
  const bin = join(packageDir, 'bin/run.js')
  const answers = [
    '--yes',
    '--confirm',
    sandbox.cluster,
    '--json',
    '--config',
    sandbox.configFile,
    '--work-dir',
    workDir,
  ]
  const { stdout } = await run([process.execPath, bin, 'recover', '--method', method, ...answers])
  rmSync(workDir, { recursive: true, force: true })
  const result = JSON.parse(stdout)
  if (!result.verified.digestMatches) throw new Error(`${method}: ${JSON.stringify(result.verified)}`)
  return result
}

function report({ seconds, stages, whole }, size) {
  say(`\n${head(`outage at ${size}`)}`)
  for (const [name, values] of Object.entries(seconds)) {
    say(line(name, values, { unit: 's' }))
    for (const [step, took] of Object.entries(stages[name] ?? {})) say(line(`  ${step}`, took, { unit: 's' }))
  }
  // an election takes a random time, which has nothing to do with the one of the turn before: medians, not pairs
  const median = (name) => spread(seconds[name]).median
  const ratio = (name) => (median(name) / median('restart')).toFixed(2).padStart(17)
  say(
    `${'median of return in place / of plain restart'.padEnd(46)}${ratio('return-in-place')}     goal <= 1.2, over ten turns or more`,
  )
  const turns = seconds['return-in-place'].map((took, at) => took / seconds.restart[at])
  say(line('  return in place / plain restart, turn by turn', turns))
  say(`${'median of seed in place / of plain restart'.padEnd(46)}${ratio('seed-in-place')}     goal <= 2 at 1 GB`)
  say(`\n${head('whole command')}`)
  for (const [name, values] of Object.entries(whole)) say(line(name, values, { unit: 's' }))
  for (const text of said) say(text)
  say(`load at the end: ${load()}`)
}

function releaseOf(version) {
  const bin = join(cache, 'etcd', version)
  if (!existsSync(join(bin, 'etcd')))
    throw new Error(`no etcd ${version} in ${bin}: run node scripts/test-setup/etcd.mjs`)
  const programs = Object.fromEntries(readdirSync(bin).map((name) => [name, join(bin, name)]))
  const { etcd, etcdctl, etcdutl } = programs
  return { version, minor: version.split('.').slice(0, 2).join('.'), etcd, etcdctl, etcdutl }
}
