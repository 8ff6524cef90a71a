/** Where and as whom to log in, after the options and the user's ssh configuration were put together. */
export interface Endpoint {
  host: string
  port: number
  user: string
  /** The name that known_hosts knows it by, when it is not the host's. */
  hostKeyAlias?: string
  /** Private key files that exist, named ones first. */
  identities: string[]
  /** True when the operator named the key: then it goes before the agent's. */
  identityNamed: boolean
  /** Certificate files that exist. `ssh2` can't use them. */
  certificates: string[]
  agent?: string
  knownHosts: string[]
  hashKnownHosts: boolean
  /** `user@host:port` of each hop, the first one reached directly. */
  jumps: string[]
  /** The command that connects, of `ProxyCommand`. `ssh2` can't use it. */
  proxyCommand?: string
  /** `-F` for the system's ssh. */
  configFile?: string
}

/** `user@host:port`, `host`, `user@[::1]:22`, with an optional `ssh://`. */
export function parseHop(text: string): { user?: string; host: string; port?: number } {
  const match = /^(?:ssh:\/\/)?(?:([^@]+)@)?(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?\/?$/.exec(text.trim())
  const host = match?.[2] ?? match?.[3] ?? text
  return {
    host,
    ...(match?.[1] === undefined ? {} : { user: match[1] }),
    ...(match?.[4] === undefined ? {} : { port: Number(match[4]) }),
  }
}
