import { type Config, toTarget } from '../../config/index.ts'
import { RescueError } from '../../errors/rescue-error.ts'
import { systemClock } from '../../ports/clock.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'
import { type Hosts, openHosts } from '../hosts.ts'
import { sessionPrompter } from '../prompter.ts'
import type { Session } from '../session.ts'

export interface Nodes {
  /** By its name or address in the config; `USAGE` when there is none. */
  get(name: string): Promise<RemoteHost>
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
    return openHosts({ config, target: toTarget(config, etcdCluster), prompter, clock: systemClock, note })
  }
  const all = () => {
    opened ??= open()
    return opened
  }
  return {
    all,
    get: async (name) => {
      const nodes = [...config.nodes.controlPlane, ...config.nodes.workers]
      const node = nodes.find((one) => one.name === name || one.address === name)
      if (!node) throw unknownNode(name, config)
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

function unknownNode(name: string, { nodes }: Config): RescueError {
  const known = [...nodes.controlPlane, ...nodes.workers].map((node) => node.name).slice(0, 50)
  return new RescueError('USAGE', `there is no node ${JSON.stringify(name)} in the configuration`, {
    hint: known.length === 0 ? 'list them under nodes: in etcd-rescue.yaml' : `there are: ${known.join(', ')}`,
  })
}
