import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { mountsMissing } from './mount-space.ts'
import { type Sshd, sshdMissing, startSshd } from './sshd.ts'

const BIN = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'etcd-rescue-test', 'runtime', 'bin')
const NEEDED = ['containerd', 'containerd-shim-runc-v2', 'ctr', 'runc', 'busybox', 'crictl']

/** Why there can be no real containerd here, or undefined when there can (scripts/test-setup/runtime.sh). */
export const runtimeMissing = mountsMissing ?? sshdMissing ?? whyNoRuntime()

/** The real kubelet; undefined where there is none. */
export const kubelet = [
  process.env.ETCD_RESCUE_TEST_KUBELET,
  join(BIN, 'kubelet'),
  ...(process.env.PATH ?? '').split(delimiter).map((dir) => join(dir, 'kubelet')),
].find((file): file is string => file !== undefined && isProgram(file))

/** Why there can be no real kubelet here. */
export const kubeletMissing =
  runtimeMissing ??
  (kubelet === undefined
    ? 'no kubelet: name one by ETCD_RESCUE_TEST_KUBELET, or build it: RUNTIME_KUBELET=build scripts/test-setup/runtime.sh'
    : undefined)

function whyNoRuntime(): string | undefined {
  const missing = NEEDED.filter((name) => !isProgram(join(BIN, name)))
  if (missing.length > 0) return `no real ${missing.join(', ')} (scripts/test-setup/runtime.sh)`
  // runc's containers need cgroups that they may make
  return existsSync('/sys/fs/cgroup') ? undefined : 'this machine has no cgroups'
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** As a node's: nothing in it but its program, and the etcds that kOps mounts. There is no shell. */
export const MANAGER_IMAGE = 'example.test/etcd-manager-slim:v3.0.20260707'

export interface RealNode {
  name: string
  sshd: Sshd
  /** A path of the node, as this process sees it. */
  at(path: string): string
  /** Runs a program of the node and gives its output. */
  run(...argv: string[]): string
  stop(): Promise<void>
}

/** A node of its own on this machine: real sshd, real containerd, and a real kubelet when asked for. */
export async function startRealNode(name: string, options: { kubelet: boolean }): Promise<RealNode> {
  const dir = mkdtempSync(join(tmpdir(), 'rescue-node-'))
  chmodSync(dir, 0o755)
  writeImages(join(dir, 'images'))
  const start = join(import.meta.dirname, 'real-node-start.sh')
  const script = ['bash', start, dir, BIN, name, ...(options.kubelet && kubelet ? [kubelet] : [])]
  const spaces = ['unshare', '--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child=KILL']
  const [file = '', ...args] = ['setpriv', '--pdeathsig', 'KILL', ...spaces, ...script]
  const holder = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  let said = ''
  holder.stderr.on('data', (chunk) => {
    said += chunk
  })
  const up = await Promise.race([once(holder.stdout, 'data').then(() => true), once(holder, 'exit').then(() => false)])
  if (!up) throw new Error(`the node did not start: ${said}`)
  const inside = ['nsenter', `--target=${childOf(holder)}`, '--mount', '--pid', '--']
  const sshd = await startSshd({ inside, config: [`SetEnv PATH=${BIN}:/usr/sbin:/usr/bin:/sbin:/bin`] })
  const env = { ...process.env, PATH: `${BIN}:${process.env.PATH}` }
  return {
    name,
    sshd,
    at: (path) => join('/proc', String(childOf(holder)), 'root', path),
    run: (...argv) => {
      const [program = '', ...rest] = [...inside, ...argv]
      return execFileSync(program, rest, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
    },
    stop: async () => {
      await sshd.stop()
      const groups = cgroupsOf(dir)
      const gone = once(holder, 'exit')
      holder.kill('SIGKILL')
      await gone
      await removeGroups(groups)
      rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
    },
  }
}

/** The first process of the node; its parent is `unshare`. */
function childOf({ pid }: ChildProcess): string {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
}

/** What runc made for the containers that still run: nobody removes it when they are killed with the node. */
function cgroupsOf(dir: string): string[] {
  const running = ['sandboxes', 'containers'].flatMap((kind) =>
    namesIn(join(dir, 'var/lib/containerd/io.containerd.grpc.v1.cri', kind)),
  )
  const roots = ['/sys/fs/cgroup', ...namesIn('/sys/fs/cgroup').map((name) => `/sys/fs/cgroup/${name}`)]
  return roots.flatMap((root) => running.map((id) => join(root, 'k8s.io', id))).filter((path) => existsSync(path))
}

async function removeGroups(paths: string[]): Promise<void> {
  for (const path of [...paths, ...new Set(paths.map((one) => dirname(one)))]) {
    for (let tries = 0; tries < 20; tries += 1) {
      try {
        rmdirSync(path)
        break
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EBUSY') break
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
  }
}

const namesIn = (path: string): string[] => (existsSync(path) ? readdirSync(path) : [])

/** Two images as `docker save` writes them, each of one layer: without a registry there is nothing else to import. */
function writeImages(dir: string): void {
  const busybox = join(BIN, 'busybox')
  writeImage(dir, 'example.test/pause:1', { 'bin/sleep': busybox })
  writeImage(dir, MANAGER_IMAGE, {
    'bin/sleep': busybox,
    'bin/ls': busybox,
    'opt/etcd-v3.5.30/etcd': busybox,
    'opt/etcd-v3.6.11/etcd': busybox,
  })
}

function writeImage(dir: string, name: string, files: Record<string, string>): void {
  const work = join(dir, name.replace(/\W/g, '-'))
  for (const [to, from] of Object.entries(files)) {
    mkdirSync(dirname(join(work, 'layer', to)), { recursive: true })
    cpSync(from, join(work, 'layer', to))
  }
  const layer = join(work, 'layer.tar')
  execFileSync('tar', ['-C', join(work, 'layer'), '-cf', layer, '.'])
  const digest = createHash('sha256').update(readFileSync(layer)).digest('hex')
  const config = {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: { Cmd: ['/bin/sleep', '2147483647'] },
    rootfs: { type: 'layers', diff_ids: [`sha256:${digest}`] },
  }
  writeFileSync(join(work, 'config.json'), JSON.stringify(config))
  const manifest = [{ Config: 'config.json', RepoTags: [name], Layers: ['layer.tar'] }]
  writeFileSync(join(work, 'manifest.json'), JSON.stringify(manifest))
  execFileSync('tar', ['-C', work, '-cf', `${work}.tar`, 'manifest.json', 'config.json', 'layer.tar'])
  rmSync(work, { recursive: true })
}
