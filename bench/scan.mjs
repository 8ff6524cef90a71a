// `scan` of three nodes with three tokens each, over a real sshd, and what `recover` proposes for them; the databases are one
// file with nine names.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { linkSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { packageAsInstalled } from '../scripts/lib/package.mjs'
import { binary, load, say } from './inspect.mjs'
import { killedMember } from './lib/data.mjs'
import { run } from './lib/process.mjs'
import { startSshd } from './lib/sshd.mjs'
import { head, line } from './lib/table.mjs'

const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'etcd-rescue-test')
const NODES = ['a', 'b', 'c']
const TOKENS = 3

/** Seconds of `scan --backups 0`, the whole process, and the most bytes that were read of one copy. */
export function scan({ runs, ...options }) {
  return inScene('scan', options, async ({ bin, config, workDir }) => {
    const argv = [process.execPath, bin, 'scan', '--backups', '0', '--json', '--config', config, '--work-dir', workDir]
    const passes = []
    for (let pass = 0; pass < runs; pass += 1) {
      const { seconds, stdout } = await run(argv)
      const { copies } = JSON.parse(stdout)
      if (copies.length !== NODES.length * TOKENS || copies.some(({ revision }) => revision === undefined))
        throw new Error(`${copies.length} copies were told`)
      passes.push({ seconds, read: Math.max(...copies.map(({ bytesRead }) => bytesRead)) / 1e6 })
    }
    const seconds = passes.map((pass) => pass.seconds)
    const read = passes.map((pass) => pass.read)
    return [
      line('scan', seconds, { unit: 's', goal: 'goal < 2' }),
      line('  read of one copy, at most', read, { unit: 'MB', goal: 'goal < 1' }),
    ]
  })
}

/** Seconds from `recover` typed to its proposal on the screen. */
export function proposal({ runs, ...options }) {
  return inScene('proposal', options, async ({ bin, config, workDir }) => {
    const seconds = []
    for (let pass = 0; pass < runs; pass += 1)
      seconds.push(await untilProposed([bin, 'recover', '--config', config, '--work-dir', workDir]))
    return [line('recover, to its proposal', seconds, { unit: 's', goal: 'goal <= 3' })]
  })
}

/** Makes the nodes and their copies, measures, says the lines that come of it, and removes them. */
async function inScene(name, { bytes, size, dir }, measure) {
  const top = join(dir ?? cache, 'bench')
  const data = await killedMember(binary('3.5.30', 'etcd'), bytes, join(top, size))
  const scene = join(top, name)
  rmSync(scene, { recursive: true, force: true })
  const sshd = await startSshd(join(scene, 'sshd'))
  try {
    const config = writeScene(scene, join(data.dir, 'member'), sshd)
    const bin = join(await packageAsInstalled(), 'bin/run.js')
    say(`load ${load()}`)
    const lines = await measure({ bin, config, workDir: join(scene, 'work') })
    say(`\n${head(`${NODES.length} nodes, ${TOKENS} tokens each, ${(data.dbBytes / 1e6).toFixed(0)} MB each`)}`)
    for (const text of lines) say(text)
    say(`load at the end: ${load()}`)
  } finally {
    await sshd.stop()
    rmSync(scene, { recursive: true, force: true })
  }
}

async function untilProposed(argv) {
  const start = performance.now()
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  let seconds
  child.stderr.on('data', (text) => {
    said += text
    if (seconds !== undefined || !said.includes('Comes back:')) return
    seconds = (performance.now() - start) / 1000
    child.kill('SIGINT')
  })
  await once(child, 'close')
  if (seconds === undefined) throw new Error(`nothing was proposed: ${said}`)
  return seconds
}

/** Hard links take no room. */
function writeScene(scene, member, sshd) {
  const nodes = NODES.map((name) => ({ name, address: '127.0.0.1', port: sshd.port, root: join(scene, name) }))
  for (const { root } of nodes)
    for (let token = 0; token < TOKENS; token += 1)
      for (const part of ['snap', 'wal'])
        link(join(member, part), join(root, 'mnt/main/data-trashcan', `token-${token}`, 'member', part))
  const config = {
    cluster: 'bench.example.com',
    state: `file://${join(scene, 'state')}`,
    etcdClusters: { main: {} },
    ssh: { user: sshd.user, identityFile: sshd.identityFile, knownHosts: sshd.knownHosts, sudo: false },
    nodes: { controlPlane: nodes },
    volumes: ['/mnt/*'],
  }
  mkdirSync(join(scene, 'state'))
  const file = join(scene, 'etcd-rescue.yaml')
  writeFileSync(file, JSON.stringify(config))
  return file
}

function link(from, to) {
  mkdirSync(to, { recursive: true })
  for (const name of readdirSync(from))
    if (statSync(join(from, name)).isFile()) linkSync(join(from, name), join(to, name))
}
