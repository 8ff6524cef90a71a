import { homedir } from 'node:os'
import { join } from 'node:path'
import type { EtcdMinor, EtcdRelease, LocalEtcd } from '../../ports/etcd.ts'
import { downloadsOf, findRelease, releaseIn } from './find.ts'
import { canBump, restoreSnapshot } from './restore.ts'
import { startMember } from './start.ts'

export interface LocalEtcdOptions {
  /** `--etcd-bin-dir`: a directory with the programs, or with one directory per version. */
  binDir?: string
  /** Where downloaded releases are kept, one directory per version. Default: `etcdCacheDir()`. */
  cacheDir?: string
  /** Default true. Packages go into the cache, never into the system. */
  allowApt?: boolean
  /** Default true. */
  allowArchive?: boolean
  /** Where the official archives are mirrored: `<base>/v<version>/etcd-v<version>-linux-<arch>.tar.gz`. */
  archiveBase?: string
  /** One line for the operator before something takes long. */
  emit?: (line: string) => void
}

/** `${XDG_CACHE_HOME:-~/.cache}/etcd-rescue/etcd`. */
export function etcdCacheDir(): string {
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'etcd-rescue', 'etcd')
}

/** etcd on this machine; the port says what it promises. Each minor version is looked for once. */
export function localEtcd(options: LocalEtcdOptions = {}): LocalEtcd {
  const found = new Map<EtcdMinor, Promise<EtcdRelease>>()
  const settings = {
    allowApt: true,
    allowArchive: true,
    emit: () => {},
    ...options,
    cacheDir: options.cacheDir ?? etcdCacheDir(),
  }
  return {
    downloads: downloadsOf,
    use: async (minor, dir) => {
      const release = await releaseIn(minor, dir)
      found.set(minor, Promise.resolve(release))
      return release
    },
    find: (minor, { isHere = false } = {}) => {
      if (isHere) return found.get(minor) ?? findRelease(minor, { ...settings, allowApt: false, allowArchive: false })
      const search = found.get(minor) ?? findRelease(minor, settings)
      found.set(minor, search)
      // a failed search is repeated when asked again
      search.catch(() => found.delete(minor))
      return search
    },
    canBump: (release) => canBump(release),
    restore: (release, file, dataDir, restoreOptions = {}) => restoreSnapshot(release, file, dataDir, restoreOptions),
    start: (release, dataDir, startOptions = {}) => startMember(release, dataDir, startOptions),
  }
}
