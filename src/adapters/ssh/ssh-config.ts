import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { RescueError } from '../../errors/rescue-error.ts'
import { shellWord } from '../../shell/quote.ts'

/** The settings of one host as `ssh -G` prints them: lower-case names, each with its values in order. */
export type SshSettings = ReadonlyMap<string, readonly string[]>

const run = promisify(execFile)

/**
 * What the user's ssh configuration says about a host. `ssh -G` knows all of its rules; without an ssh binary the file is
 * read by the `ssh-config` package, which knows most of them.
 */
export async function readSshConfig(host: string, file?: string, user?: string): Promise<SshSettings> {
  // ssh takes a host that begins with '-' for an option
  if (host === '' || host.startsWith('-') || /\s/.test(host)) {
    throw new RescueError('CONFIG_INVALID', `${JSON.stringify(host)} is not a host name`, {
      hint: 'correct the address under nodes: in etcd-rescue.yaml',
    })
  }
  const args = [
    ...(file === undefined ? [] : ['-F', file]),
    ...(user === undefined ? [] : ['-l', user]),
    '-G',
    '--',
    host,
  ]
  try {
    const { stdout } = await run('ssh', args, { timeout: 10_000, maxBuffer: 1 << 20 })
    return parseSettings(stdout)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return readWithoutSsh(host, file)
    const said = (error as { stderr?: string }).stderr?.trim() ?? ''
    throw new RescueError('CONFIG_INVALID', `the ssh configuration cannot be read: ${said.slice(-400)}`, {
      hint: `see what is wrong: ssh -G ${shellWord(host)}`,
      cause: error,
    })
  }
}

function parseSettings(text: string): SshSettings {
  const settings = new Map<string, string[]>()
  for (const line of text.split('\n')) {
    const space = line.indexOf(' ')
    if (space < 0) continue
    const name = line.slice(0, space).toLowerCase()
    settings.set(name, [...(settings.get(name) ?? []), line.slice(space + 1)])
  }
  return settings
}

async function readWithoutSsh(host: string, file = join(homedir(), '.ssh', 'config')): Promise<SshSettings> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const { default: sshConfig } = await import('ssh-config')
  const settings = new Map<string, string[]>()
  for (const [name, value] of Object.entries(sshConfig.parse(text).compute(host))) {
    settings.set(name.toLowerCase(), [value].flat())
  }
  return settings
}
