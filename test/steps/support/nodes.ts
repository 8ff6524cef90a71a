import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type MemoryHost, type MemoryScript, memoryHost } from '../../../src/adapters/memory/host.ts'
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
  /** What systemd says of kubelet: one that is not `active` starts and stops nothing. Default: it runs. */
  kubelet?: () => string
  /** What `systemctl restart kubelet` ends with. */
  restartCode?: () => number
  /** Its disk: commands that only look at files run here, below this directory. */
  root?: string
  /** Gets `<node>:<container or unit>` for each restart. */
  log?: string[]
  /** Tag of etcd-manager's image, the etcds in it, and its process, below whose root the node sees its files. */
  manager?: string
  etcds?: string[]
  pid?: number
  /** The containers have manifests below `root`, and are started only while these are in place. */
  manifests?: boolean
  /** kubelet does not stop a container whose manifest is gone: who wants it stopped has to do it. */
  slowKubelet?: boolean
  /** Answers before all else. */
  script?: MemoryScript
}

/** A node with crictl, systemd and a kubelet that starts a stopped container at once, under a new id. */
export function node(name: string, options: NodeOptions = {}): MemoryHost {
  const {
    containers = ['etcd-manager'],
    log = [],
    isAway = () => false,
    restartCode = () => 0,
    kubelet = () => 'active',
  } = options
  const generation = new Map(containers.map((container) => [container, 1]))
  const idOf = (container: string) => `${container.replaceAll('-', '')}${String(generation.get(container)).repeat(8)}`
  const isWanted = options.manifests ? writeManifests(options.root, containers) : () => true
  const running = new Set(containers)
  /** What kubelet does between two looks at the node. */
  const sync = () => {
    if (kubelet() !== 'active') return
    for (const container of containers) {
      if (isWanted(container)) running.add(container)
      else if (!options.slowKubelet) end(container)
    }
  }
  const end = (container: string) => {
    if (running.delete(container)) generation.set(container, (generation.get(container) ?? 0) + 1)
  }
  const list = () => {
    sync()
    return [...running].map((container) => listed(name, container, idOf(container)))
  }
  const stop = (id: string) => {
    const container = [...running].find((one) => idOf(one) === id)
    if (container === undefined) return { code: 1, stderr: 'no such container' }
    end(container)
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
      const told = options.script?.(argv, stdin)
      if (told !== undefined) return told
      const [program, verb] = argv
      if (program === 'true') return {}
      if (program === 'crictl' && verb === 'ps') return { stdout: JSON.stringify({ containers: list() }) }
      if (program === 'crictl' && verb === 'stop') return stop(argv.at(-1) ?? '')
      if (program === 'crictl' && verb === 'inspect') return { stdout: inspected(options) }
      if (program === 'crictl' && verb === 'exec') return { stdout: inContainer(argv, options.etcds) }
      if (program === 'systemctl' && verb === 'restart') return restart()
      if (program === 'systemctl')
        return { stdout: `LoadState=loaded\nActiveState=${kubelet()}\nSubState=${kubelet()}\n` }
      return options.root === undefined || isRuntime(program) ? undefined : here(argv, stdin)
    },
  })
}

function listed(node: string, container: string, id: string) {
  const pod = `${podOf(container)}-${node}`
  const labels = { 'io.kubernetes.container.name': container, 'io.kubernetes.pod.name': pod }
  return { id, metadata: { name: container }, labels, state: 'CONTAINER_RUNNING', createdAt: '1795378214535561551' }
}

/** `ls /opt` and `ls -lL` of the programs in it. */
function inContainer(argv: readonly string[], etcds = ['etcd-v3.5.30']): string {
  if (!argv.includes('-lL')) return etcds.join('\n')
  return etcds.map((name) => `-rwxr-xr-x 1 root root 24M Jan  1  2024 /opt/${name}/etcd`).join('\n')
}

function inspected({ manager: tag = 'v3.0.20260707', pid = 0 }: NodeOptions): string {
  return JSON.stringify({ status: { image: { image: `registry.k8s.io/etcd-manager:${tag}` } }, info: { pid } })
}

/** Any but `crictl` is looked for only where it lists nothing, and is not on this machine: a process each, for that answer. */
const isRuntime = (program = '') => /(^|\/)(crictl|docker|nerdctl)$/.test(program)

/** No etcd runs on the node, whatever runs on this machine. */
export const noEtcd: MemoryScript = (argv) => (argv[2]?.includes('FLOCK WRITE') ? { stdout: 'end\0' } : undefined)

const podOf = (container: string) => (container === 'etcd-manager' ? 'etcd-manager-main' : container)

export const manifestsOf = (root: string) => join(root, 'etc/kubernetes/manifests')

/** Writes a manifest for each container; tells whether one is in place. */
function writeManifests(root = '/nonexistent', containers: readonly string[]): (container: string) => boolean {
  const dir = manifestsOf(root)
  mkdirSync(dir, { recursive: true })
  const pathOf = (container: string) => join(dir, `${podOf(container)}.manifest`)
  for (const container of containers) {
    const spec = { containers: [{ name: container }] }
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: podOf(container) }, spec }
    writeFileSync(pathOf(container), JSON.stringify(pod))
  }
  return (container) => existsSync(pathOf(container))
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
