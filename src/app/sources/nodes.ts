import { isIPv6 } from 'node:net'
import { type Config, type ConfigNode, toTarget } from '../../config/index.ts'
import { RescueError } from '../../errors/rescue-error.ts'
import { systemClock } from '../../ports/clock.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'
import { type Hosts, openHosts } from '../hosts.ts'
import { sessionPrompter } from '../prompter.ts'
import type { Session } from '../session.ts'
import type { Login } from './parse.ts'

export interface Nodes {
  /** By its name or address in the config; `USAGE` when there is none, or when it is logged in to otherwise there. */
  get(name: string, login?: Login): Promise<RemoteHost>
  /** All of them, not yet connected. */
  all(): Promise<Hosts>
  close(): Promise<void>
}

/** The nodes of the config; SSH is loaded only when one is asked for. */
export function lazyNodes(
  session: Session,
  config: Config,
  { etcdCluster, signal }: { etcdCluster: string; signal: AbortSignal },
): Nodes {
  let opened: Promise<Hosts> | undefined
  const open = () => {
    const prompter = sessionPrompter(session, signal)
    const note = (line: string) => session.screen.listen({ type: 'note', step: '', line })
    const target = toTarget(config, etcdCluster)
    return openHosts({ config, target, prompter, clock: systemClock, session: session.ssh, note })
  }
  const all = () => {
    opened ??= open()
    return opened
  }
  return {
    all,
    get: async (name, login = {}) => {
      const node = findNode(config, name, login)
      const { controlPlane, workers } = await all()
      const host = [...controlPlane, ...workers].find((one) => one.name === node.name)
      if (!host) throw unknownNode(name, config)
      return host
    },
    close: async () => {
      const hosts = await opened?.catch(() => undefined)
      await Promise.allSettled([...(hosts?.controlPlane ?? []), ...(hosts?.workers ?? [])].map((host) => host.close()))
    },
  }
}

/** Several nodes may have one address, and a port each. */
function findNode(config: Config, name: string, login: Login): ConfigNode {
  const wanted = oneForm(name)
  const all = [...config.nodes.controlPlane, ...config.nodes.workers]
  const named = all.filter((one) => one.name === name || oneForm(one.address) === wanted)
  const [first] = named
  if (first === undefined) throw unknownNode(name, config)
  const found = named.find((one) => isLogin(one, config, login))
  if (found === undefined) throw otherLogin(first, config, login)
  return found
}

const portOf = ({ port }: ConfigNode, { ssh }: Config) => port ?? ssh.port ?? 22
const userOf = ({ user }: ConfigNode, { ssh }: Config) => user ?? ssh.user

const isLogin = (node: ConfigNode, config: Config, { user, port }: Login): boolean =>
  (user === undefined || user === userOf(node, config)) && (port === undefined || port === portOf(node, config))

/** `FD00:0::1` and `fd00::1` are one address. */
const oneForm = (address: string): string => (isIPv6(address) ? new URL(`http://[${address}]/`).hostname : address)

function otherLogin(node: ConfigNode, config: Config, { user, port }: Login): RescueError {
  const given = [...(user === undefined ? [] : [`user ${user}`]), ...(port === undefined ? [] : [`port ${port}`])]
  const has = `${userOf(node, config) ?? 'no user'} and port ${portOf(node, config)}`
  return new RescueError('USAGE', `node ${node.name} has ${has} in the configuration, not ${given.join(' and ')}`, {
    hint: `leave user and port out: ssh://${node.name}/PATH; or set user: and port: of the node in etcd-rescue.yaml`,
  })
}

function unknownNode(name: string, { nodes }: Config): RescueError {
  const known = [...nodes.controlPlane, ...nodes.workers].map((node) => node.name).slice(0, 50)
  return new RescueError('USAGE', `there is no node ${JSON.stringify(name)} in the configuration`, {
    hint: known.length === 0 ? 'list them under nodes: in etcd-rescue.yaml' : `there are: ${known.join(', ')}`,
  })
}
