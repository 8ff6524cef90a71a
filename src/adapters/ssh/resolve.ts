import { existsSync } from 'node:fs'
import { homedir, userInfo } from 'node:os'
import { join } from 'node:path'
import { RescueError } from '../../errors/rescue-error.ts'
import type { Endpoint } from './endpoint.ts'
import type { SshHostOptions } from './options.ts'
import { readSshConfig, type SshSettings } from './ssh-config.ts'

type Asked = Pick<
  SshHostOptions,
  'address' | 'port' | 'user' | 'identityFile' | 'knownHosts' | 'jump' | 'agent' | 'sshConfig'
>

const DEFAULT_KEYS = ['id_ed25519', 'id_ecdsa', 'id_rsa'].map((name) => `~/.ssh/${name}`)

/** Puts options and ssh configuration together; options win. `CONFIG_INVALID` for a named key file that is not there. */
export async function resolveEndpoint(options: Asked): Promise<Endpoint> {
  const file = typeof options.sshConfig === 'string' ? options.sshConfig : undefined
  const settings: SshSettings =
    options.sshConfig === false ? new Map() : await readSshConfig(options.address, file, options.user)
  const one = (name: string) => noneIsNothing(settings.get(name)?.[0])
  const proxyJump = options.jump ?? one('proxyjump')
  const proxyCommand = proxyJump === undefined ? one('proxycommand') : undefined
  const hostKeyAlias = one('hostkeyalias')
  const agent = agentOf(options, one('identityagent'))
  const configFile = options.sshConfig === false ? 'none' : file
  return {
    host: one('hostname') ?? options.address,
    port: options.port ?? Number(one('port') ?? 22),
    user: options.user ?? one('user') ?? userName(),
    ...identitiesOf(options, settings),
    knownHosts: options.knownHosts?.map(expand) ?? knownHostsOf(settings),
    hashKnownHosts: one('hashknownhosts') === 'yes',
    jumps: proxyJump?.split(',').map((hop) => hop.trim()) ?? [],
    ...(hostKeyAlias === undefined ? {} : { hostKeyAlias }),
    ...(proxyCommand === undefined ? {} : { proxyCommand }),
    ...(agent === undefined ? {} : { agent }),
    ...(configFile === undefined ? {} : { configFile }),
  }
}

/** In a container the user often has a number and no name. */
function userName(): string {
  try {
    return userInfo().username
  } catch (cause) {
    throw new RescueError('CONFIG_INVALID', 'nobody says as whom to log in, and this user has no name', {
      hint: 'set ssh.user in etcd-rescue.yaml',
      cause,
    })
  }
}

function identitiesOf(options: Asked, settings: SshSettings) {
  const named = options.identityFile === undefined ? undefined : expand(options.identityFile)
  if (named !== undefined && !existsSync(named)) {
    throw new RescueError('CONFIG_INVALID', `there is no key file ${named}`, {
      hint: 'correct ssh.identityFile in etcd-rescue.yaml',
    })
  }
  const files = named === undefined ? (settings.get('identityfile') ?? DEFAULT_KEYS).map(expand) : [named]
  const identities = [...new Set(files)].filter((file) => existsSync(file))
  const beside = identities.map((file) => `${file}-cert.pub`)
  const certificates = [...(settings.get('certificatefile') ?? []).map(expand), ...beside].filter((file) =>
    existsSync(file),
  )
  return { identities, identityNamed: named !== undefined, certificates }
}

function knownHostsOf(settings: SshSettings): string[] {
  const words = (name: string) => settings.get(name)?.flatMap((line) => line.split(/\s+/))
  const user = words('userknownhostsfile') ?? ['~/.ssh/known_hosts', '~/.ssh/known_hosts2']
  const all = words('globalknownhostsfile') ?? ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2']
  return [...user, ...all].map(expand)
}

function agentOf(options: Asked, configured: string | undefined): string | undefined {
  if (options.agent === false) return undefined
  const fromConfig = configured === 'SSH_AUTH_SOCK' ? undefined : configured
  const socket = options.agent ?? fromConfig ?? process.env.SSH_AUTH_SOCK
  return socket === undefined || socket === '' ? undefined : expand(socket)
}

function noneIsNothing(value: string | undefined): string | undefined {
  return value === undefined || value.toLowerCase() === 'none' ? undefined : value
}

function expand(path: string): string {
  if (path === '~' || path.startsWith('~/')) return join(homedir(), path.slice(1))
  return path.startsWith('%d/') ? join(homedir(), path.slice(2)) : path
}
