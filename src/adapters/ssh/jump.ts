import { type Endpoint, parseHop } from './endpoint.ts'
import type { Login } from './logged-in.ts'
import type { SshHostOptions } from './options.ts'
import { resolveEndpoint } from './resolve.ts'
import type { Lease, SshSession } from './session.ts'

/** One connection per jump host, shared by all hosts behind it: its forwards are not limited, its logins are. */
export async function openJump(
  endpoint: Endpoint,
  options: SshHostOptions,
  session: SshSession,
  login: (endpoint: Endpoint, options: SshHostOptions, session: SshSession) => Promise<Login>,
): Promise<Lease<Login> | undefined> {
  const text = endpoint.jumps.at(-1)
  if (text === undefined) return undefined
  const before = endpoint.jumps.slice(0, -1).join(',')
  const hop = parseHop(text)
  const hopOptions: SshHostOptions = {
    ...options,
    name: `${hop.host} (jump)`,
    address: hop.host,
    jump: before || 'none',
  }
  delete hopOptions.port
  delete hopOptions.user
  if (hop.port !== undefined) hopOptions.port = hop.port
  if (hop.user !== undefined) hopOptions.user = hop.user
  const name = `jump ${endpoint.jumps.join(',')}`
  return session.share(name, async () => {
    const resolved = await resolveEndpoint(hopOptions)
    const opened = await login({ ...resolved, jumps: before ? before.split(',') : [] }, hopOptions, session)
    opened.client.once('close', () => session.drop(name))
    return { value: opened, close: opened.close }
  })
}
