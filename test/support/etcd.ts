import { readdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type LocalEtcdOptions, localEtcd } from '../../src/adapters/etcd/local.ts'
import { probeDir } from '../../src/adapters/etcd/probe.ts'
import type { EtcdRelease, LocalEtcd, LocalMember } from '../../src/ports/etcd.ts'

/** Where scripts/test-setup/etcd.mjs puts what the tests run on. */
export const testCacheDir = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'etcd-rescue-test', 'etcd')

/**
 * Every etcd that was set up for the tests, oldest first, printed once. Tests iterate over it; with none of them the
 * caller's suite is skipped with `noEtcd` as its reason.
 */
export async function etcdReleases(): Promise<EtcdRelease[]> {
  const releases: EtcdRelease[] = []
  for (const name of versionDirs()) {
    const probe = await probeDir(join(testCacheDir, name))
    if ('release' in probe) releases.push(probe.release)
    else process.stdout.write(`etcd ${name} is not used: ${probe.problem}\n`)
  }
  process.stdout.write(`etcd used: ${releases.map(({ version }) => version).join(', ') || noEtcd}\n`)
  return releases
}

/** The newest of each minor version, for suites whose subject hardly depends on the patch. */
export function newestOfEach(releases: EtcdRelease[]): EtcdRelease[] {
  return releases.filter(({ minor }, at) => releases[at + 1]?.minor !== minor)
}

export const noEtcd = 'no etcd is set up: run `node scripts/test-setup/etcd.mjs`'

function versionDirs(): string[] {
  try {
    return readdirSync(testCacheDir)
      .filter((name) => /^\d/.test(name))
      .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
  } catch {
    return []
  }
}

/** A local etcd that finds the tests' releases only and downloads nothing. */
export function testEtcd(options: LocalEtcdOptions = {}): LocalEtcd {
  return localEtcd({
    binDir: testCacheDir,
    cacheDir: join(testCacheDir, 'none'),
    allowApt: false,
    allowArchive: false,
    ...options,
  })
}

/** A new 0700 directory, and everything that a test started in it, put away at the end. */
export async function scene(): Promise<{
  dir: string
  keep(member: LocalMember): LocalMember
  clear(): Promise<void>
}> {
  const dir = await mkdtemp(join(tmpdir(), 'rescue-test-'))
  const members: LocalMember[] = []
  return {
    dir,
    keep: (member) => {
      members.push(member)
      return member
    },
    clear: async () => {
      await Promise.all(members.map((member) => member.stop()))
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** Keys as Kubernetes has them, `size` bytes a value, all different. */
export async function fill(member: LocalMember, keys: number, size = 200): Promise<void> {
  for (let from = 0; from < keys; from += 50) {
    const batch = Array.from({ length: Math.min(50, keys - from) }, (_, at) => from + at)
    await Promise.all(
      batch.map((at) => member.client.put(`/registry/pods/ns-${at % 7}/pod-${at}`, Buffer.alloc(size, `value ${at} `))),
    )
  }
}
