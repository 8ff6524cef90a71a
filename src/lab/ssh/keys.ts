import { join } from 'node:path'
import { putFile } from '../files.ts'
import { type LabNode, SSH_PORT } from '../layout.ts'

export interface SshKeys {
  /** The operator's key, generated for this sandbox. */
  identityFile: string
  /** `ssh-ed25519 AAAA…` of the operator, the only one that is let in. */
  clientPublic: string
  knownHosts: string
  /** Private host keys by node name. */
  hostKeys: Map<string, string>
}

type Utils = typeof import('ssh2').utils

/** ssh2 1.17.0 writes some ed25519 keys in a form that it cannot read again (a few in a thousand): makes another then. */
function newKey(utils: Utils, comment: string): { private: string; public: string } {
  for (let attempt = 0; attempt < 20; attempt++) {
    const pair = utils.generateKeyPairSync('ed25519', { comment })
    if (!(utils.parseKey(pair.private) instanceof Error) && !(utils.parseKey(pair.public) instanceof Error)) return pair
  }
  throw new Error('ssh2 generates no key that it can read')
}

/** Fresh ed25519 keys for the operator and each node, and a `known_hosts` that names exactly these nodes. */
export async function makeSshKeys(dir: string, nodes: readonly LabNode[]): Promise<SshKeys> {
  const { default: ssh2 } = await import('ssh2')
  const client = newKey(ssh2.utils, 'etcd-rescue-drill')
  const hostKeys = new Map<string, string>()
  const lines: string[] = []
  for (const node of nodes) {
    const host = newKey(ssh2.utils, node.name)
    hostKeys.set(node.name, host.private)
    lines.push(`[${node.address}]:${SSH_PORT} ${host.public.split(' ').slice(0, 2).join(' ')}`)
  }
  const [identityFile, knownHosts] = [join(dir, 'ssh', 'id_ed25519'), join(dir, 'ssh', 'known_hosts')]
  await putFile(identityFile, client.private)
  await putFile(`${identityFile}.pub`, `${client.public}\n`)
  await putFile(knownHosts, `${lines.join('\n')}\n`)
  return { identityFile, clientPublic: client.public, knownHosts, hostKeys }
}
