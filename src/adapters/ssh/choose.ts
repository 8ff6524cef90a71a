import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Endpoint } from './endpoint.ts'
import { knownHostOf } from './host-keys.ts'
import type { SshSession } from './session.ts'

const run = promisify(execFile)

/** Why this endpoint needs the system's ssh, or undefined when `ssh2` can do it. */
export async function whySystemSsh(endpoint: Endpoint, session: SshSession): Promise<string | undefined> {
  if (endpoint.certificates[0] !== undefined) return `the certificate ${endpoint.certificates[0]}`
  if (endpoint.proxyCommand !== undefined) return 'a ProxyCommand in the ssh configuration'
  const known = await knownHostOf(endpoint)
  if (known.plain.length === 0 && known.authorities[0]) return `the host authority of ${known.authorities[0].where}`
  if (known.plain.length > 0 && known.plain.every((line) => line.type.startsWith('sk-'))) {
    return 'a host key of a type that only it knows'
  }
  const { agent } = endpoint
  if (agent === undefined) return undefined
  const held = await session.once(`certificates ${agent}`, () => agentHasCertificate(agent))
  return held ? 'a certificate in the agent' : undefined
}

async function agentHasCertificate(agent: string): Promise<boolean> {
  try {
    const env = { ...process.env, SSH_AUTH_SOCK: agent }
    const { stdout } = await run('ssh-add', ['-L'], { env, timeout: 5_000, maxBuffer: 1 << 20 })
    return /^\S+-cert-v01@openssh\.com /m.test(stdout)
  } catch {
    // no agent, no keys, or no ssh-add: then there is no certificate to use either
    return false
  }
}

export async function haveSystemSsh(session: SshSession): Promise<boolean> {
  return session.once('system ssh', async () => {
    try {
      await run('ssh', ['-V'], { timeout: 5_000 })
      return true
    } catch {
      return false
    }
  })
}
