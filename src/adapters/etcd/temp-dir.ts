import { rmSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A unix socket's path has at most 108 bytes on Linux, 104 on macOS; `/c:1` goes behind it. */
const MAX_PATH = 90
const PREFIX = 'etcd-rescue-'

const mine = new Set<string>()
let hooked = false

/**
 * A new 0700 directory with a path short enough for sockets. Its name carries our process id, so that a later process
 * clears away what a killed one has left. It is removed at exit.
 */
export async function shortTempDir(): Promise<string> {
  const base = tmpdir().length < MAX_PATH - PREFIX.length - 16 ? tmpdir() : '/tmp'
  await clearOrphans(base)
  const dir = await mkdtemp(join(base, `${PREFIX}${process.pid}-`))
  mine.add(dir)
  if (!hooked)
    process.once('exit', () =>
      mine.forEach((each) => {
        rmSync(each, { recursive: true, force: true })
      }),
    )
  hooked = true
  return dir
}

export async function removeTempDir(dir: string): Promise<void> {
  await rm(dir, { recursive: true, force: true })
  mine.delete(dir)
}

async function clearOrphans(base: string): Promise<void> {
  for (const name of await readdir(base).catch(() => [])) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1]
    // another user's directory cannot be removed, and is not ours to
    if (pid && !isAlive(Number(pid))) await rm(join(base, name), { recursive: true, force: true }).catch(() => {})
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
