import { RescueError } from '../errors/rescue-error.ts'
import type { RemoteHost } from '../ports/remote-host.ts'
import type { ContainerRuntime } from './container.ts'
import { criRuntime } from './runtime-cri.ts'
import { dockerRuntime } from './runtime-docker.ts'

/** In the order of how sure an answer is: old nodes have crictl beside docker. Not all are on sudo's PATH. */
const CANDIDATES: ((host: RemoteHost) => ContainerRuntime)[] = [
  ...['crictl', '/usr/local/bin/crictl', '/opt/bin/crictl'].map(
    (program) => (host: RemoteHost) => criRuntime(host, program),
  ),
  (host) => dockerRuntime(host, ['docker']),
  ...['nerdctl', '/usr/local/bin/nerdctl'].map(
    (program) => (host: RemoteHost) => dockerRuntime(host, [program, '--namespace', 'k8s.io']),
  ),
]

const detected = new WeakMap<RemoteHost, Promise<ContainerRuntime>>()

/** The first program that answers, found once per host. `PRECONDITION` when none does. */
export function detectRuntime(host: RemoteHost): Promise<ContainerRuntime> {
  const known = detected.get(host)
  if (known) return known
  const found = detect(host)
  detected.set(host, found)
  found.catch(() => detected.delete(host))
  return found
}

async function detect(host: RemoteHost): Promise<ContainerRuntime> {
  const said: string[] = []
  for (const candidate of CANDIDATES) {
    const runtime = candidate(host)
    try {
      await runtime.list()
      return runtime
    } catch (error) {
      if (!(error instanceof RescueError) || !['HOST_COMMAND', 'HOST_OUTPUT'].includes(error.code)) throw error
      said.push(error.message)
    }
  }
  throw new RescueError('PRECONDITION', `node ${host.name}: no crictl, docker or nerdctl answers (${said[0]})`, {
    hint: `look on node ${host.name}: sudo crictl ps`,
  })
}
