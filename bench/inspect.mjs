// `inspect --full` beside etcd's own tools on the same file, in turns; both read it from the page cache.
import { existsSync } from 'node:fs'
import { homedir, loadavg } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { packageAsInstalled } from '../scripts/lib/package.mjs'
import { agree } from './lib/agree.mjs'
import { killedMember } from './lib/data.mjs'
import { run } from './lib/process.mjs'
import { manyRevisions } from './lib/revisions.mjs'
import { head, line } from './lib/table.mjs'

const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'etcd-rescue-test')
const reader = fileURLToPath(new URL('./lib/inspect-file.mjs', import.meta.url))
const WRITER = '3.5.30'
/** `hashkv` came with 3.6. */
const TOOLS = ['3.6.16', '3.5.30']
export const say = (text) => process.stdout.write(`${text}\n`)
export const load = () => loadavg()[0].toFixed(1)

/** A database of `size`, two records a page. */
export async function inspect({ bytes, size, runs, dir }) {
  const data = await killedMember(binary(WRITER, 'etcd'), bytes, join(dir ?? cache, 'bench', size))
  await compare(join(data.dir, 'member/snap/db'), runs)
}

/** Five million small revisions of four million keys; first, whether all say the same of them. */
export async function revisions({ runs, dir }) {
  say('making 5 million revisions (once)')
  const data = await manyRevisions(binary(WRITER, 'etcd'), 5_000_000, join(dir ?? cache, 'bench', 'revisions'))
  const file = join(data.dir, 'member/snap/db')
  const { rows, same } = await agree(await packageAsInstalled(), binaries(WRITER), file)
  for (const [what, ours, theirs] of rows) say(`${what.padEnd(14)} ours ${ours}  etcd ${WRITER} ${theirs}`)
  if (!same) throw new Error('they do not agree')
  await compare(file, runs)
}

const binaries = (version) => ({ version, etcd: binary(version, 'etcd'), etcdutl: binary(version, 'etcdutl') })

async function compare(file, runs) {
  const packageDir = await packageAsInstalled()
  say(`load ${load()}`)
  const theirs = Object.fromEntries(TOOLS.map((version) => [version, []]))
  const ours = []
  const hashes = []
  for (let pass = 0; pass < runs; pass += 1) {
    for (const version of TOOLS)
      theirs[version].push((await run([binary(version, 'etcdutl'), 'snapshot', 'status', '-w', 'json', file])).seconds)
    hashes.push((await run([binary(TOOLS[0], 'etcdutl'), 'hashkv', '-w', 'json', file])).seconds)
    const { seconds, stdout } = await run([process.execPath, reader, packageDir, file])
    ours.push({ seconds, ...JSON.parse(stdout) })
  }
  const [one] = ours
  say(`database ${(one.bytes / 1e6).toFixed(0)} MB, ${one.keys} keys, ${one.revisions} revisions, load ${load()}`)
  report(theirs, hashes, ours)
}

function report(theirs, hashes, ours) {
  say(`\n${head('the same file')}`)
  for (const version of TOOLS) say(line(`etcdutl ${version} snapshot status`, theirs[version], { unit: 's' }))
  say(line(`etcdutl ${TOOLS[0]} hashkv`, hashes, { unit: 's' }))
  const wall = ours.map(({ seconds }) => seconds)
  say(line('ours, everything of inspect --full', wall, { unit: 's' }))
  say(
    line(
      '  resident memory, peak',
      ours.map(({ memoryMb }) => memoryMb),
      { digits: 0, unit: 'MB', goal: 'goal < 200' },
    ),
  )
  for (const version of TOOLS) {
    const ratios = hashes.map((seconds, pass) => (theirs[version][pass] + seconds) / wall[pass])
    say(line(`status (${version}) and hashkv / ours`, ratios, { goal: 'goal >= 1' }))
  }
  say(`load at the end: ${load()}`)
}

export function binary(version, name) {
  const path = join(cache, 'etcd', version, name)
  if (!existsSync(path)) throw new Error(`no ${name} ${version} in ${path}: run node scripts/test-setup/etcd.mjs`)
  return path
}
