import type { SshSession } from '../adapters/ssh/session.ts'
import type { Config, ConfigNode } from '../config/index.ts'
import type { Clock } from '../ports/clock.ts'
import type { Prompter } from '../ports/prompter.ts'
import type { HostRole, RemoteHost } from '../ports/remote-host.ts'
import type { Target, TargetNode } from '../ports/target.ts'

interface HostOptions {
  config: Config
  target: Target
  prompter: Prompter
  clock: Clock
  session: SshSession
  note(line: string): void
}

export interface Hosts {
  controlPlane: RemoteHost[]
  workers: RemoteHost[]
}

/** All nodes of a target, not yet connected; they share jump connections, passphrases, and which of them were away. */
export async function openHosts(options: HostOptions): Promise<Hosts> {
  const { openHost } = await import('../adapters/ssh/open-host.ts')
  const { target, prompter, clock, session, note } = options
  const { controlPlane, workers } = options.config.nodes
  const written = new Map([...controlPlane, ...workers].map((node) => [node.name, node]))
  const open = (node: TargetNode, role: HostRole) =>
    openHost({
      ...reach(node, options.config, written.get(node.name)),
      name: node.name,
      address: node.address,
      root: node.root,
      role,
      prompter,
      clock,
      session,
      emit: (event) => {
        if (event.type === 'note') note(`${event.where}: ${event.line}`)
      },
    })
  return {
    controlPlane: target.nodes.controlPlane.map((node) => open(node, 'control-plane')),
    workers: target.nodes.workers.map((node) => open(node, 'worker')),
  }
}

/**
 * How to log in: the configuration's, also for a resumed run, whose target comes from its journal. A port that nobody
 * wrote down is left out, so that ~/.ssh/config can say it.
 */
function reach(node: TargetNode, { ssh }: Config, written: ConfigNode | undefined) {
  const known = written?.port ?? ssh.port
  const port = written === undefined ? node.port : known
  const user = written?.user ?? ssh.user
  return {
    sudo: ssh.sudo,
    ...(port === undefined ? {} : { port }),
    ...(user === undefined ? {} : { user }),
    ...(ssh.identityFile === undefined ? {} : { identityFile: ssh.identityFile }),
    ...(ssh.knownHosts === undefined ? {} : { knownHosts: [ssh.knownHosts] }),
    ...(ssh.jump === undefined ? {} : { jump: ssh.jump }),
  }
}
