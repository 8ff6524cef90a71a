import { chmod, copyFile, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { EtcdMinor, EtcdRelease } from '../../ports/etcd.ts'
import { probeDir } from './probe.ts'

const PROGRAMS = ['etcd', 'etcdctl', 'etcdutl']

/** Runs `work` with a new directory inside the cache, which is removed afterwards whatever happens. */
export async function withWorkDir<T>(cacheDir: string, work: (dir: string) => Promise<T>): Promise<T> {
  await mkdir(cacheDir, { recursive: true, mode: 0o700 })
  const dir = await mkdtemp(join(cacheDir, '.work-'))
  try {
    return await work(dir)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

/**
 * Takes the programs found anywhere below `unpacked` into `<cacheDir>/<version>/`: tried first, moved whole. When
 * another process was faster, its directory stays. `minor`: another one is refused, since a suite moves on and a mirror may
 * hold something else than its name says.
 */
export async function intoCache(
  unpacked: string,
  cacheDir: string,
  workDir: string,
  minor?: EtcdMinor,
): Promise<EtcdRelease> {
  const fresh = join(workDir, 'fresh')
  await mkdir(fresh, { recursive: true })
  for (const name of await readdir(unpacked, { recursive: true })) {
    const program = name.split('/').at(-1) ?? ''
    const path = join(unpacked, name)
    // packages also bring /etc/default/etcd and /etc/init.d/etcd; the programs have 15 MB and more
    if (PROGRAMS.includes(program) && (await stat(path)).size > 1 << 20) {
      await copyFile(path, join(fresh, program))
      await chmod(join(fresh, program), 0o755)
    }
  }
  const probe = await probeDir(fresh)
  if (!('release' in probe)) throw new Error(`what was downloaded is no etcd: ${probe.problem}`)
  const { version } = probe.release
  if (minor !== undefined && probe.release.minor !== minor) throw new Error(`it has etcd ${version}, and not ${minor}`)
  const dir = join(cacheDir, version)
  await rename(fresh, dir).catch(() => {})
  const final = await probeDir(dir)
  if (!('release' in final)) throw new Error(`${dir} holds no etcd: ${final.problem}; remove it`)
  return final.release
}
