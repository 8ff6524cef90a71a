import { readdir } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { RescueError } from '../../errors/rescue-error.ts'
import type { EtcdMinor, EtcdRelease } from '../../ports/etcd.ts'
import { installFromArchive } from './archive.ts'
import { installFromDebian } from './debian.ts'
import { debianSuites, pinnedArchives } from './packages.ts'
import { probeDir } from './probe.ts'

export interface FindOptions {
  /** A directory with the programs, or with one directory per version. */
  binDir?: string
  cacheDir: string
  /** May packages be downloaded with apt, into the cache only? */
  allowApt: boolean
  /** May the official archive be downloaded, into the cache only? */
  allowArchive: boolean
  /** Where the official archives are; for tests and mirrors. */
  archiveBase?: string
  emit: (line: string) => void
}

/** What `findRelease` would download, for the operator. */
export function downloadsOf(minor: EtcdMinor): string[] {
  const archive = pinnedArchives[minor]
  return [
    ...(debianSuites[minor] ?? []).map(({ suite, version }) => `etcd ${version} from Debian ${suite}`),
    ...(archive === undefined ? [] : [`the official archive of etcd ${archive.version}`]),
  ]
}

/** The programs in this very directory. */
export async function releaseIn(minor: EtcdMinor, dir: string): Promise<EtcdRelease> {
  const probe = await probeDir(dir)
  if ('release' in probe && probe.release.minor === minor) return probe.release
  const why = 'release' in probe ? `it has etcd ${probe.release.version}` : probe.problem
  throw new RescueError('ETCD_MISSING', `${dir} has no etcd ${minor}: ${why}`, {
    hint: 'name a directory with etcd, etcdctl and etcdutl: --etcd-bin-dir DIR, or tools.etcdBinDir in etcd-rescue.yaml',
  })
}

/** Looks in one place after the other and says, when none had it, what was wrong with each. */
export async function findRelease(minor: EtcdMinor, options: FindOptions): Promise<EtcdRelease> {
  const tried: string[] = []
  const sources: [string, () => Promise<EtcdRelease | undefined>][] = [
    ['--etcd-bin-dir or tools.etcdBinDir', () => inNamed(options.binDir, minor, tried)],
    ['PATH', () => newestIn(pathDirs(), minor, tried)],
    ['cache', () => newestIn([options.cacheDir], minor, tried)],
    ['Debian packages', () => permitted(options.allowApt, tried, () => installFromDebian(minor, options))],
    ['official archive', () => permitted(options.allowArchive, tried, () => installFromArchive(minor, options))],
  ]
  const lines: string[] = []
  for (const [name, look] of sources) {
    tried.length = 0
    const release = await look().catch((error: unknown) => {
      tried.push(error instanceof Error ? error.message : String(error))
      return undefined
    })
    if (release) return release
    lines.push(`${name}: ${tried.join('; ') || `no etcd ${minor}`}`)
  }
  throw new RescueError('ETCD_MISSING', `no etcd ${minor} was found on this machine`, {
    hint: `put etcd, etcdctl and etcdutl of ${minor} into a directory and name it: --etcd-bin-dir DIR, or tools.etcdBinDir in etcd-rescue.yaml. Tried ${lines.join(' | ')}`,
  })
}

/** The newest release of this minor version in these directories or in the directories directly below them. */
async function newestIn(dirs: string[], minor: EtcdMinor, tried: string[]): Promise<EtcdRelease | undefined> {
  const below = await Promise.all(dirs.map(subdirectories))
  const found: EtcdRelease[] = []
  for (const dir of [...dirs, ...below.flat()]) {
    const probe = await probeDir(dir)
    if ('release' in probe && probe.release.minor === minor) found.push(probe.release)
    else if ('release' in probe) tried.push(`${dir} has ${probe.release.version}`)
    else if (!probe.problem.startsWith('no ')) tried.push(probe.problem)
  }
  return found.sort((a, b) => patch(b) - patch(a))[0]
}

function patch({ version }: EtcdRelease): number {
  return Number(version.split('.')[2])
}

async function subdirectories(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => [])
  // only names that are versions: a flat directory such as one of PATH may hold anything
  return entries.filter((entry) => /^(etcd-)?v?\d+\.\d+/.test(entry.name)).map((entry) => join(dir, entry.name))
}

function pathDirs(): string[] {
  return [...new Set((process.env.PATH ?? '').split(delimiter).filter((dir) => dir.startsWith('/')))]
}

/** The directory that the operator named: what is wrong with it is said even where nothing is in it. */
async function inNamed(dir: string | undefined, minor: EtcdMinor, tried: string[]): Promise<EtcdRelease | undefined> {
  if (dir === undefined) tried.push('not given')
  const found = dir === undefined ? undefined : await newestIn([dir], minor, tried)
  if (found === undefined && tried.length === 0)
    tried.push(`${dir} has no etcd with its etcdctl, nor has a directory of a version in it`)
  return found
}

async function permitted<T>(allowed: boolean, tried: string[], install: () => Promise<T>): Promise<T | undefined> {
  if (allowed) return install()
  tried.push('not allowed by this run')
  return undefined
}
