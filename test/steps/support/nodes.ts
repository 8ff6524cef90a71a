import { spawnSync } from 'node:child_process'
import { type MemoryHost, memoryHost } from '../../../src/adapters/memory/host.ts'
import { memoryTarget } from '../../../src/adapters/memory/world.ts'
import { RescueError } from '../../../src/errors/rescue-error.ts'
import type { HostRole } from '../../../src/ports/remote-host.ts'
import type { Target } from '../../../src/ports/target.ts'

interface NodeOptions {
  role?: HostRole
  /** Containers of static pods that run here. */
  containers?: string[]
  /** Cannot be reached. */
  isAway?: () => boolean
  /** What `systemctl restart kubelet` ends with. */
  restartCode?: () => number
  /** Its disk: commands that only look at files run here, below this directory. */
  root?: string
  /** Gets `<node>:<container or unit>` for each restart. */
  log?: string[]
  /** Tag of etcd-manager's image, and the etcds in it. */
  manager?: string
  etcds?: string[]
}

/** A node with crictl, systemd and a kubelet that starts a stopped container at once, under a new id. */
export function node(name: string, options: NodeOptions = {}): MemoryHost {
  const { containers = ['etcd-manager'], log = [], isAway = () => false, restartCode = () => 0 } = options
  const generation = new Map(containers.map((container) => [container, 1]))
  const idOf = (container: string) => `${container.replaceAll('-', '')}${String(generation.get(container)).repeat(8)}`
  const list = () => containers.map((container) => listed(name, container, idOf(container)))
  const stop = (id: string) => {
    const container = containers.find((one) => idOf(one) === id)
    if (container === undefined) return { code: 1, stderr: 'no such container' }
    generation.set(container, (generation.get(container) ?? 0) + 1)
    log.push(`${name}:${container}`)
    return {}
  }
  const restart = () => {
    const code = restartCode()
    if (code === 0) log.push(`${name}:kubelet`)
    return { code, stderr: code === 0 ? '' : 'Job for kubelet.service failed' }
  }
  return memoryHost({
    name,
    role: options.role ?? 'control-plane',
    root: options.root ?? '/',
    script: (argv, stdin) => {
      if (isAway()) throw away(name)
      const [program, verb] = argv
      if (program === 'true') return {}
      if (program === 'crictl' && verb === 'ps') return { stdout: JSON.stringify({ containers: list() }) }
      if (program === 'crictl' && verb === 'stop') return stop(argv.at(-1) ?? '')
      if (program === 'crictl' && verb === 'inspect') return { stdout: inspected(options.manager) }
      if (program === 'crictl' && verb === 'exec') return { stdout: (options.etcds ?? ['etcd-v3.5.30']).join('\n') }
      if (program === 'systemctl' && verb === 'restart') return restart()
      if (program === 'systemctl') return { stdout: 'LoadState=loaded\nActiveState=active\nSubState=running\n' }
      return options.root === undefined ? undefined : here(argv, stdin)
    },
  })
}

function listed(node: string, container: string, id: string) {
  const pod = `${container === 'etcd-manager' ? 'etcd-manager-main' : container}-${node}`
  const labels = { 'io.kubernetes.container.name': container, 'io.kubernetes.pod.name': pod }
  return { id, metadata: { name: container }, labels, state: 'CONTAINER_RUNNING', createdAt: '1795378214535561551' }
}

function inspected(tag = 'v3.0.20260707'): string {
  return JSON.stringify({ status: { image: { image: `registry.k8s.io/etcd-manager:${tag}` } }, info: { pid: 0 } })
}

function here([program = '', ...args]: readonly string[], stdin: Buffer) {
  const { status, stdout, stderr } = spawnSync(program, args, { input: stdin, maxBuffer: 256 << 20 })
  return { code: status ?? 127, stdout: stdout ?? Buffer.alloc(0), stderr: String(stderr ?? '') }
}

function away(name: string): RescueError {
  return new RescueError('HOST_UNREACHABLE', `node ${name} cannot be reached`, { hint: 'is it up?' })
}

/** A target whose control plane is these nodes, with `/mnt/*` as their volumes. */
export function targetOf(nodes: readonly MemoryHost[]): Target {
  const controlPlane = nodes.map(({ name, address, root }) => ({ name, address, port: 22, root, volumes: ['/mnt/*'] }))
  return { ...memoryTarget, nodes: { controlPlane, workers: [] } }
}
