import { shellQuote } from '../../shell/quote.ts'
import { type Endpoint, parseHop } from './endpoint.ts'
import type { SshHostOptions } from './options.ts'

/** Options of the system's ssh for an endpoint, without the destination. It never asks and never accepts a key. */
export function systemSshArgs(endpoint: Endpoint, options: SshHostOptions): string[] {
  const seconds = Math.ceil((options.connectTimeoutMs ?? 15_000) / 1000)
  const keepalive = Math.max(1, Math.ceil((options.keepaliveMs ?? 5_000) / 1000))
  return [
    ...commonArgs(endpoint, options),
    ...option('ConnectTimeout', String(seconds)),
    ...option('ServerAliveInterval', String(keepalive)),
    ...option('ServerAliveCountMax', '3'),
    '-p',
    String(endpoint.port),
    '-l',
    endpoint.user,
    ...jumpArgs(endpoint, options),
  ]
}

/** `user@host` is never joined: each is an argument of its own, and `--` goes before the host. */
function commonArgs(endpoint: Endpoint, options: SshHostOptions): string[] {
  const named = options.identityFile !== undefined
  return [
    ...(endpoint.configFile === undefined ? [] : ['-F', endpoint.configFile]),
    ...option('BatchMode', 'yes'),
    ...option('StrictHostKeyChecking', 'yes'),
    ...option('UpdateHostKeys', 'no'),
    ...option('ForwardAgent', 'no'),
    ...(options.knownHosts ? option('UserKnownHostsFile', endpoint.knownHosts.map(word).join(' ')) : []),
    ...(options.knownHosts ? option('GlobalKnownHostsFile', 'none') : []),
    ...option('IdentityAgent', endpoint.agent === undefined ? 'none' : word(endpoint.agent)),
    ...(named ? endpoint.identities.flatMap((file) => ['-i', percent(file)]) : []),
    ...(named ? option('IdentitiesOnly', endpoint.agent === undefined ? 'yes' : 'no') : []),
  ]
}

/** `-J` would not pass our options on to the hops, known_hosts among them; a ProxyCommand does. */
function jumpArgs(endpoint: Endpoint, options: SshHostOptions): string[] {
  const text = endpoint.jumps.at(-1)
  if (text === undefined) return []
  const hop = parseHop(text)
  const before: Endpoint = { ...endpoint, jumps: endpoint.jumps.slice(0, -1) }
  const command = [
    'ssh',
    ...commonArgs(before, options),
    ...(hop.user === undefined ? [] : ['-l', hop.user]),
    ...(hop.port === undefined ? [] : ['-p', String(hop.port)]),
    ...jumpArgs(before, options),
  ]
  return option('ProxyCommand', `${percent(shellQuote(command))} -W '[%h]:%p' -- ${percent(shellQuote([hop.host]))}`)
}

function option(name: string, value: string): string[] {
  return ['-o', `${name}=${value}`]
}

function word(path: string): string {
  return `"${percent(path)}"`
}

/** ssh expands % in these. */
function percent(text: string): string {
  return text.replaceAll('%', '%%')
}
