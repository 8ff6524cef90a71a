import { createHash } from 'node:crypto'
import type { ServerHostKeyAlgorithm } from 'ssh2'
import type { Endpoint } from './endpoint.ts'
import { keyChanged, keyUnknown, type Place } from './failures.ts'
import { addKnownHost, readKnownHosts } from './known-hosts/files.ts'
import { findHost, judgeKey, type KnownHost } from './known-hosts/match.ts'
import { keyType } from './known-hosts/parse.ts'
import type { SshHostOptions } from './options.ts'
import type { SshSession } from './session.ts'

/** Without SHA-1's ssh-rsa: every sshd since 7.2 has the two that follow it. */
const ALL: readonly ServerHostKeyAlgorithm[] = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
]

/** Looks a host up in its known_hosts files. */
export async function knownHostOf(endpoint: Endpoint): Promise<KnownHost> {
  const lines = await readKnownHosts(endpoint.knownHosts)
  // an alias stands without a port, as in OpenSSH
  if (endpoint.hostKeyAlias !== undefined) return findHost(lines, endpoint.hostKeyAlias, 22)
  return findHost(lines, endpoint.host, endpoint.port)
}

/**
 * The algorithms to offer, those of known keys first, as OpenSSH does: a host whose ed25519 key is known would else show
 * its rsa key and look like another host.
 */
export function hostKeyAlgorithms(known: KnownHost): ServerHostKeyAlgorithm[] {
  const types = new Set(known.plain.map((line) => line.type))
  const isKnown = (algorithm: string) => types.has(algorithm.startsWith('rsa-') ? 'ssh-rsa' : algorithm)
  return [...ALL.filter(isKnown), ...ALL.filter((algorithm) => !isKnown(algorithm))]
}

/** `SHA256:…`, as ssh and ssh-keygen print it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`
}

/** `ED25519 SHA256:…` */
export function keyText(key: Buffer): string {
  const type = keyType(key).replace(/^ssh-|^ecdsa-sha2-/, '')
  return `${type.toUpperCase()} ${fingerprint(key)}`
}

/** Throws for a changed or revoked key. True when the key is known, false when nothing is known about the host. */
export function checkKey(known: KnownHost, key: Buffer, place: Place): boolean {
  const verdict = judgeKey(known, key, keyType(key))
  if (verdict.kind === 'revoked') throw keyChanged(place, `is revoked: ${keyText(key)}`, verdict.where)
  if (verdict.kind === 'changed') {
    const what = verdict.sameType ? 'has changed' : 'is of another type than the known one'
    throw keyChanged(place, `${what}: it is now ${keyText(key)}`, verdict.where)
  }
  return verdict.kind === 'known'
}

/**
 * Asks about an unknown key and writes it down when accepted. `HOST_KEY_UNKNOWN` without a terminal or consent.
 * The next connection then finds it in the file, so a question never keeps sshd's login waiting.
 */
export async function acceptKey(
  endpoint: Endpoint,
  key: Buffer,
  place: Place,
  options: Pick<SshHostOptions, 'prompter' | 'unknownKeys'>,
  session: SshSession,
): Promise<void> {
  const [file = '~/.ssh/known_hosts'] = endpoint.knownHosts
  const refusal = keyUnknown(place, keyText(key), file)
  if (options.unknownKeys === 'refuse' || !options.prompter.interactive) throw refusal
  const agreed = await session.ask(async () => {
    const known = await knownHostOf(endpoint)
    // another host behind the same name may have been accepted while this one waited
    if (checkKey(known, key, place)) return true
    const question = `The host key of node ${place.name} (${known.name}) is not known: ${keyText(key)}. Does it match what the node says, and may it be added to ${file}?`
    const yes = await options.prompter.confirm(question, { flag: 'ssh.knownHosts', default: false })
    if (yes) await addKnownHost(file, known.name, key, { hash: endpoint.hashKnownHosts })
    return yes
  })
  if (!agreed) throw refusal
}
