import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { EtcdMinor, EtcdRelease } from '../../ports/etcd.ts'
import { intoCache, withWorkDir } from './install.ts'
import { type PinnedArchive, pinnedArchives } from './packages.ts'
import { runTool } from './run-tool.ts'

const OFFICIAL = 'https://github.com/etcd-io/etcd/releases/download'
const TIMEOUT_MS = 300_000
/** The archives have 17 to 25 MB. */
const MAX_BYTES = 200 << 20

export interface ArchiveOptions {
  cacheDir: string
  archiveBase?: string
  /** In place of the table, for a mirror of other builds and for tests. */
  pinned?: PinnedArchive
  emit: (line: string) => void
}

/** The official release of a minor version, used only when its SHA-256 is the pinned one. Linux only. */
export async function installFromArchive(minor: EtcdMinor, options: ArchiveOptions): Promise<EtcdRelease> {
  const pinned = options.pinned ?? pinnedArchives[minor]
  const sum = pinned?.sha256[process.arch]
  if (!pinned || !sum || process.platform !== 'linux') {
    throw new Error(`no sum is known for etcd ${minor} on ${process.platform}/${process.arch}`)
  }
  const arch = process.arch === 'x64' ? 'amd64' : process.arch
  const name = `etcd-v${pinned.version}-linux-${arch}.tar.gz`
  const url = `${options.archiveBase ?? OFFICIAL}/v${pinned.version}/${name}`
  options.emit(`downloading etcd ${pinned.version} from ${new URL(url).host}`)
  return withWorkDir(options.cacheDir, async (dir) => {
    const file = join(dir, name)
    const got = await download(url, file)
    if (got !== sum) throw new Error(`${name} has SHA-256 ${got}, and not the pinned one: it is not used`)
    const unpacked = join(dir, 'unpacked')
    await mkdir(unpacked)
    const tar = await runTool(['tar', '-xzf', file, '-C', unpacked], { timeoutMs: 60_000 })
    if (tar.code !== 0) throw new Error(`tar: exit code ${tar.code}`)
    return intoCache(unpacked, options.cacheDir, dir, minor)
  })
}

/** Returns the SHA-256 of what was written. */
async function download(url: string, file: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch((error: Error) => {
    throw new Error(
      `cannot reach ${new URL(url).host} (${(error.cause as Error | undefined)?.message ?? error.message})`,
    )
  })
  if (!response.ok || !response.body) throw new Error(`${url} answers ${response.status}`)
  const hash = createHash('sha256')
  let bytes = 0
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      hash.update(chunk)
      done(bytes > MAX_BYTES ? new Error(`${url} is larger than any etcd`) : null, chunk)
    },
  })
  const body = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0])
  await pipeline(body, meter, createWriteStream(file, { flags: 'wx', mode: 0o600 }))
  return hash.digest('hex')
}
