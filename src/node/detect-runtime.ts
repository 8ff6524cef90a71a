import { RescueError } from '../errors/rescue-error.ts'
import type { RemoteHost } from '../ports/remote-host.ts'
import type { Container, ContainerRuntime } from './container.ts'
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

interface Detected {
  runtime: ContainerRuntime
  /** What it answered when it was found. */
  listed: Container[]
}

const detected = new WeakMap<RemoteHost, Promise<ContainerRuntime>>()

/**
 * The first program that lists a pod's container, found once per host; where none does, the first that answers, and the
 * next time it is looked again: crictl beside docker answers as well, for a runtime in which nothing runs. `PRECONDITION`
 * when none answers.
 */
export function detectRuntime(host: RemoteHost): Promise<ContainerRuntime> {
  return detected.get(host) ?? begin(host).then(({ runtime }) => runtime)
}

/** Running containers. Where the runtime was not known yet, the list by which it was found is the answer. */
export async function listContainers(host: RemoteHost): Promise<Container[]> {
  const known = detected.get(host)
  return known ? (await known).list() : (await begin(host)).listed
}

function begin(host: RemoteHost): Promise<Detected> {
  const found = detect(host, () => detected.delete(host))
  const runtime = found.then((one) => one.runtime)
  detected.set(host, runtime)
  runtime.catch(() => detected.delete(host))
  return found
}

async function detect(host: RemoteHost, notSure: () => void): Promise<Detected> {
  let idle: Detected | undefined
  const said: string[] = []
  for (const candidate of CANDIDATES) {
    const runtime = candidate(host)
    try {
      const listed = await runtime.list()
      if (listed.some(({ pod }) => pod !== '')) return { runtime, listed }
      idle ??= { runtime, listed }
    } catch (error) {
      if (!(error instanceof RescueError) || !['HOST_COMMAND', 'HOST_OUTPUT'].includes(error.code)) throw error
      said.push(error.message)
    }
  }
  if (idle !== undefined) {
    notSure()
    return idle
  }
  throw new RescueError('PRECONDITION', `node ${host.name}: no crictl, docker or nerdctl answers (${said[0]})`, {
    hint: `look on node ${host.name}: sudo crictl ps`,
  })
}
