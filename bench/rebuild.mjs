// The by-hand procedure beside ours: the same member, the same sshd, the same store, in turns.
import { existsSync, linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { homedir, loadavg } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { packageAsInstalled } from '../scripts/lib/package.mjs'
import { byHand, manualClient } from './lib/by-hand.mjs'
import { killedMember } from './lib/data.mjs'
import { dryRun, ours, writeConfig } from './lib/ours.mjs'
import { warmMemory } from './lib/process.mjs'
import { startSshd } from './lib/sshd.mjs'
import { startUp } from './lib/start-up.mjs'
import { startStore } from './lib/store.mjs'
import { head, line } from './lib/table.mjs'

const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'etcd-rescue-test')
const ETCD = '3.5.30'
const PAUSE_MS = 20_000
const TOKEN = 'bnchBNCHbnchBNCHbnchBN'
const say = (text) => process.stdout.write(`${text}\n`)

export async function rebuild({ bytes, size, runs, dir: base, oursOnly }) {
  const release = releaseOf(ETCD)
  const packageDir = await packageAsInstalled()
  say(`making ${size} of data with etcd ${ETCD}, killed while it writes (once for each size)`)
  const data = await killedMember(release.etcd, bytes, join(base ?? cache, 'bench', size))
  // beside the data, so that it can be linked
  const dir = mkdtempSync(join(base ?? cache, 'bench', 'run-'))
  const trash = join(dir, 'node/mnt/master-vol-main/data-trashcan', TOKEN)
  const stops = []
  const clear = async () => {
    for (const stop of stops.reverse()) await stop()
    rmSync(dir, { recursive: true, force: true })
  }
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => clear().finally(() => process.exit(130)))
  try {
    mkdirSync(trash, { recursive: true, mode: 0o755 })
    linkTree(join(data.dir, 'member'), join(trash, 'member'))
    const sshd = await startSshd(join(dir, 'sshd'))
    stops.push(sshd.stop)
    const store = await startStore(dir, packageDir)
    stops.push(store.stop)
    const bench = {
      packageDir,
      dir,
      sshd,
      store,
      release,
      volume: join(dir, 'node/mnt/*'),
      data,
      remoteMember: join(trash, 'member'),
    }
    bench.config = writeConfig({ ...bench, dir: join(dir, 'config') })
    say(`database ${(data.dbBytes / 1e6).toFixed(0)} MB, node: a real sshd, store: ${store.name}, load ${load()}`)
    await compare(bench, runs, oursOnly)
  } finally {
    await clear()
  }
}

/** The node only reads them: links spare a minute and the room. */
function linkTree(from, to) {
  mkdirSync(to, { mode: 0o700 })
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const act = entry.isDirectory() ? linkTree : linkSync
    act(join(from, entry.name), join(to, entry.name))
  }
}

async function compare(bench, runs, oursOnly) {
  const client = oursOnly ? undefined : manualClient(bench.store)
  const hands = []
  const tools = []
  for (let i = 0; i < runs; i += 1) {
    // what the turn before has left to be written, and what the host charges for its processor time, is not this one's
    const warm = async () => {
      warmMemory(bench.dir, 4 * bench.data.dbBytes)
      await setTimeout(PAUSE_MS)
    }
    if (client) {
      await warm()
      hands.push(await byHand({ ...bench, client, dir: join(bench.dir, 'hand'), key: `hand-${i}` }))
      say(`run ${i + 1} by hand: ${hands[i].seconds.toFixed(1)} s, load ${load()}`)
    }
    await warm()
    tools.push(await ours(bench))
    say(`run ${i + 1} ours:    ${tools[i].seconds.toFixed(1)} s, load ${load()}`)
  }
  for (const note of tools[0].notes.filter((text) => !/: [$!] /.test(text))) say(`  ${note}`)
  report(hands, tools, client?.name)
  await reportSmall(bench, runs)
}

function report(hands, tools, client) {
  const stages = (passes) =>
    Object.keys(passes[0].stages).map((name) =>
      line(
        `  ${name}`,
        passes.map(({ stages: all }) => all[name]),
        { unit: 's' },
      ),
    )
  const total = (passes) => passes.map(({ seconds }) => seconds)
  const slowest = (pass) => Math.max(...Object.values(pass.stages))
  if (client) {
    say(`\n${head(`by hand (scp, etcdutl, etcdctl, gzip -6, ${client})`)}`)
    for (const text of stages(hands)) say(text)
    say(line('total', total(hands), { unit: 's' }))
    say(
      line(
        'uploaded',
        hands.map(({ bytes }) => bytes / 1e6),
        { digits: 0, unit: 'MB' },
      ),
    )
  }
  say(`\n${head('ours (etcd-rescue run)')}`)
  for (const text of stages(tools)) say(text)
  say(line('fetch-member begun to publish-backup finished', total(tools), { unit: 's' }))
  say(
    line(
      'whole command',
      tools.map(({ wall }) => wall),
      { unit: 's' },
    ),
  )
  say(
    line(
      'uploaded',
      tools.map(({ bytes }) => bytes / 1e6),
      { digits: 0, unit: 'MB' },
    ),
  )
  say(`\n${head('resident memory while a step runs')}`)
  for (const name of Object.keys(tools[0].stages)) {
    const values = tools.map(({ memoryByStage }) => memoryByStage[name])
    say(line(`  ${name}`, values, { digits: 0, unit: 'MB' }))
  }
  say(`\n${head('goals')}`)
  if (client)
    say(
      line(
        'by hand / ours, run by run',
        hands.map(({ seconds }, i) => seconds / tools[i].seconds),
        { goal: 'goal >= 3' },
      ),
    )
  say(
    line(
      'ours / its slowest step',
      tools.map((pass) => pass.seconds / slowest(pass)),
      { goal: 'goal <= 1.3' },
    ),
  )
  say(
    line(
      'resident memory of the tool, peak',
      tools.map(({ memoryMb }) => memoryMb),
      { digits: 0, unit: 'MB', goal: 'goal < 250' },
    ),
  )
}

async function reportSmall(bench, runs) {
  const { versionMs, nodeMs } = await startUp(bench.packageDir)
  say(
    `--version ${versionMs.toFixed(0)} ms, node -e 0 ${nodeMs.toFixed(0)} ms: ratio ${(versionMs / nodeMs).toFixed(2)} (goal <= 2.5)`,
  )
  const dry = []
  for (let i = 0; i < runs; i += 1) dry.push(await dryRun(bench))
  say(
    line(
      'dry run, seconds beyond its remote reads',
      dry.map((one) => one.seconds - one.remoteSeconds),
      { unit: 's', goal: 'goal <= 2' },
    ),
  )
  say(
    line(
      '  remote reads',
      dry.map((one) => one.remoteSeconds),
      { unit: 's' },
    ),
  )
  say(`load at the end: ${load()}`)
}

function releaseOf(version) {
  const bin = join(cache, 'etcd', version)
  if (!existsSync(join(bin, 'etcd')))
    throw new Error(`no etcd ${version} in ${bin}: run node scripts/test-setup/etcd.mjs`)
  return Object.fromEntries(['etcd', 'etcdctl', 'etcdutl'].map((name) => [name, join(bin, name)]))
}

const load = () =>
  loadavg()
    .map((one) => one.toFixed(1))
    .join(' ')
