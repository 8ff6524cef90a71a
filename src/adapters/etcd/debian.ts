import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { EtcdMinor, EtcdRelease } from '../../ports/etcd.ts'
import { intoCache, withWorkDir } from './install.ts'
import { debianSuites } from './packages.ts'
import { runTool, type ToolResult } from './run-tool.ts'

const UPDATE_MS = 180_000
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'

/**
 * etcd out of Debian's packages, into the cache only. apt runs with sources, state and cache of its own below a
 * temporary directory, so neither root nor a change to the system is needed; it verifies signatures as always, and the
 * mirror is the one that this machine already uses. Dependencies are not installed: the programs need libc alone.
 */
export async function installFromDebian(
  minor: EtcdMinor,
  { cacheDir, emit }: { cacheDir: string; emit: (line: string) => void },
): Promise<EtcdRelease> {
  const suites = debianSuites[minor] ?? []
  if (suites.length === 0) throw new Error(`Debian has no etcd ${minor}`)
  const problems: string[] = []
  for (const { suite, version } of suites) {
    emit(`downloading etcd ${version} from Debian ${suite}`)
    try {
      return await installSuite(suite, cacheDir, minor)
    } catch (error) {
      const problem = `${suite}: ${error instanceof Error ? error.message : error}`
      emit(`not from Debian ${problem}`)
      problems.push(problem)
    }
  }
  throw new Error(problems.join('; '))
}

/** The etcd of one suite (`bookworm`, `trixie`, …) into `<cacheDir>/<version>/`; refused where it is of another `minor`. */
export async function installSuite(suite: string, cacheDir: string, minor?: EtcdMinor): Promise<EtcdRelease> {
  const mirror = await debianMirror()
  return withWorkDir(cacheDir, async (dir) => intoCache(await downloadSuite(dir, mirror, suite), cacheDir, dir, minor))
}

/** The Debian mirror in this machine's own sources: the first that has a suite of Debian itself. */
async function debianMirror(): Promise<string> {
  const format = '$(REPO_URI) $(ORIGIN) $(CREATED_BY)'
  const told = await runTool(['apt-get', 'indextargets', '--format', format], { timeoutMs: 30_000 }).catch(
    () => undefined,
  )
  if (!told) throw new Error('apt-get is not there')
  const lines = told.stdout.split('\n').filter((line) => line.includes(' Debian '))
  const uri = lines.map((line) => line.split(' ')[0] ?? '').find((found) => !/security|backports/.test(found))
  if (!uri) throw new Error('the sources of apt name no Debian mirror')
  return uri
}

/** The directory into which its packages were unpacked. */
async function downloadSuite(dir: string, mirror: string, suite: string): Promise<string> {
  const apt = await aptHome(dir, mirror, suite)
  await apt(['update'])
  const debs = join(dir, 'debs')
  await mkdir(debs)
  await apt(['download', `etcd-server/${suite}`, `etcd-client/${suite}`], debs)
  for (const deb of await readdir(debs)) {
    fail('dpkg -x', await runTool(['dpkg', '-x', join(debs, deb), join(dir, 'unpacked')], { timeoutMs: 60_000 }))
  }
  return join(dir, 'unpacked')
}

/** apt-get with everything that it reads and writes below `dir`. */
async function aptHome(dir: string, mirror: string, suite: string) {
  for (const part of ['state/lists/partial', 'cache/archives/partial'])
    await mkdir(join(dir, part), { recursive: true })
  await writeFile(join(dir, 'status'), '')
  await writeFile(join(dir, 'sources.list'), `deb [signed-by=${KEYRING}] ${mirror} ${suite} main\n`)
  const settings = [
    `Dir::State "${dir}/state";`,
    `Dir::State::status "${dir}/status";`,
    `Dir::Cache "${dir}/cache";`,
    `Dir::Etc::sourcelist "${dir}/sources.list";`,
    'Dir::Etc::sourceparts "-";',
    'Acquire::Languages "none";',
    'Acquire::Retries "2";',
    'Acquire::http::Timeout "30";',
    // hooks of the system's own configuration are not for a private download
    '#clear APT::Update::Post-Invoke;',
    '#clear APT::Update::Post-Invoke-Success;',
    // root's apt would drop to a user that cannot write here
    'APT::Sandbox::User "";',
  ]
  const config = join(dir, 'apt.conf')
  await writeFile(config, `${settings.join('\n')}\n`)
  return async (args: string[], cwd = dir) => {
    const env = { ...process.env, APT_CONFIG: config }
    fail(`apt-get ${args[0]}`, await runTool(['apt-get', '-q', ...args], { timeoutMs: UPDATE_MS, cwd, env }))
  }
}

function fail(what: string, { code, stderr, timedOut }: ToolResult): void {
  if (code === 0) return
  const why = timedOut ? 'no end in time' : stderr.split('\n').find((line) => /^(E|W|dpkg)/.test(line))
  throw new Error(`${what}: ${(why ?? `exit code ${code}`).slice(0, 200)}`)
}
