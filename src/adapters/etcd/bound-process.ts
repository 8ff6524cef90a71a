import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process'

/**
 * Starts a program that dies with this process, also when that is killed with SIGKILL.
 *
 * Linux: the kernel does it (`setpriv --pdeathsig`); the shell in between ends at once when its parent has died before
 * the signal was armed. Elsewhere: a shell that holds the read end of a pipe from us, which closes when we die.
 * Files that it makes are ours alone: etcd's own snapshots would be 0644. `pid` of the child is the program's own where the kernel does it, else the shell's, which passes signals on.
 */
export function spawnBound(argv: readonly string[], options: SpawnOptions): ChildProcess {
  const kernel = kernelCanBind()
  const [program, ...args] = kernel ? byKernel(argv) : byPipe(argv)
  const stdio = kernel ? stdioOf(options) : [...stdioOf(options), 'pipe' as const]
  // its own process group: Ctrl-C in a terminal is for us, and we decide when our etcd stops
  return spawn(program, args, { ...options, stdio, detached: true, env: cleanEnv(options.env) })
}

function byKernel(argv: readonly string[]): [string, ...string[]] {
  const script = 'umask 077; test "$PPID" = "$0" && exec "$@"'
  return ['setpriv', '--pdeathsig', 'KILL', 'sh', '-c', script, String(process.pid), ...argv]
}

/** `read` returns when something is written or the other end is closed; we never write. */
function byPipe(argv: readonly string[]): [string, ...string[]] {
  const script = `
    umask 077
    "$@" 3<&- & child=$!
    { read -r _ <&3; kill -9 "$child" 2>/dev/null; } & watcher=$!
    trap 'kill -TERM "$child"' TERM INT
    wait "$child"; code=$?
    while kill -0 "$child" 2>/dev/null; do wait "$child"; code=$?; done
    kill "$watcher" 2>/dev/null
    exit "$code"`
  return ['sh', '-c', script, 'etcd-rescue', ...argv]
}

function stdioOf({ stdio }: SpawnOptions): ('pipe' | 'ignore' | number)[] {
  return Array.isArray(stdio) ? (stdio as ('pipe' | 'ignore' | number)[]) : ['ignore', 'pipe', 'pipe']
}

let found: boolean | undefined

/** util-linux has it, busybox's setpriv of the same name has not. */
function kernelCanBind(): boolean {
  found ??= spawnSync('setpriv', ['--pdeathsig', 'KILL', 'true'], { stdio: 'ignore', timeout: 5000 }).status === 0
  return found
}

/**
 * etcd and its tools take every flag from the environment too: an operator's ETCDCTL_ENDPOINTS must not lead a local
 * tool to production. 3.4 runs on arm64 only when told that this is wanted.
 */
function cleanEnv(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => !/^(ETCD|ETCDCTL|ETCDUTL)_/.test(name))
  const arch = process.arch === 'arm64' ? { ETCD_UNSUPPORTED_ARCH: 'arm64' } : {}
  return { ...Object.fromEntries(kept), ...arch, ETCDCTL_API: '3' }
}
