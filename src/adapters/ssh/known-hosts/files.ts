import { createHmac, randomBytes } from 'node:crypto'
import { mkdir, open, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { RescueError } from '../../../errors/rescue-error.ts'
import { type KnownHostLine, keyType, parseKnownHosts } from './parse.ts'

/** All lines of these files; a file that does not exist is empty. */
export async function readKnownHosts(files: readonly string[]): Promise<KnownHostLine[]> {
  const all = await Promise.all(files.map(async (file) => parseKnownHosts(await textOf(file), file)))
  return all.flat()
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return ''
    throw new RescueError('LOCAL_FILE', `the known_hosts file ${file} cannot be read`, {
      hint: `check its rights: ls -l ${file}`,
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
      hint: `check its rights: ls -l ${file}`,
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
