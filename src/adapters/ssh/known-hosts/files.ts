import { createHmac, randomBytes } from 'node:crypto'
import { mkdir, open, readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { RescueError } from '../../../errors/rescue-error.ts'
import { shellWord } from '../../../shell/quote.ts'
import { type KnownHostLine, keyType, parseKnownHosts } from './parse.ts'

/** The last that were read, by their names, with what the files looked like then. */
const read = new Map<string, { stamp: string; lines: readonly KnownHostLine[] }>()

/**
 * All lines of these files; a file that does not exist is empty. Read again only when one of them has changed: thousands of
 * nodes ask for thousands of lines.
 */
export async function readKnownHosts(files: readonly string[]): Promise<readonly KnownHostLine[]> {
  const name = files.join('\0')
  const stamp = (await Promise.all(files.map(stampOf))).join('\0')
  const known = read.get(name)
  if (known?.stamp === stamp) return known.lines
  const all = await Promise.all(files.map(async (file) => parseKnownHosts(await textOf(file), file)))
  const lines = all.flat()
  read.set(name, { stamp, lines })
  return lines
}

/** Another one for another file of this name, or other contents. One that cannot be looked at is read, which says why. */
async function stampOf(file: string): Promise<string> {
  const found = await stat(file, { bigint: true }).catch(() => undefined)
  return found === undefined ? `${Math.random()}` : `${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs}`
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return ''
    throw new RescueError('LOCAL_FILE', `the known_hosts file ${file} cannot be read`, {
      hint: `check its rights: ls -l ${shellWord(file)}`,
      cause: error,
    })
  }
}

/** Adds a key that the operator accepted. The file and its directory are made (0600, 0700) when missing. */
export async function addKnownHost(file: string, name: string, key: Buffer, options: { hash: boolean }): Promise<void> {
  const line = `${options.hash ? hashName(name) : name} ${keyType(key)} ${key.toString('base64')}\n`
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    const handle = await open(file, 'a+', 0o600)
    try {
      await handle.appendFile((await endsInLine(handle)) ? line : `\n${line}`)
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw new RescueError('LOCAL_FILE', `the host key cannot be added to ${file}`, {
      hint: `check its rights: ls -l ${shellWord(file)}`,
      cause: error,
    })
  }
}

async function endsInLine(handle: Awaited<ReturnType<typeof open>>): Promise<boolean> {
  const { size } = await handle.stat()
  if (size === 0) return true
  const last = Buffer.alloc(1)
  await handle.read(last, 0, 1, size - 1)
  return last[0] === 0x0a
}

/** `|1|salt|hash`, which does not tell which hosts its owner visits. */
export function hashName(name: string): string {
  const salt = randomBytes(20)
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`
}
