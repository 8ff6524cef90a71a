import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { RescueError } from '../errors/rescue-error.ts'

export interface TiedOptions {
  env?: NodeJS.ProcessEnv
  cwd?: string
  stdio?: StdioOptions
}

const tied = new Set<ChildProcess>()

/**
 * Starts a process in its own process group that the kernel kills (SIGKILL) when this process dies, however it dies:
 * `setpriv --pdeathsig KILL` of util-linux. It replaces itself by the program, so `pid` is the program's.
 * Only direct children are tied: what they start must tie itself in turn, as the etcd-manager double does.
 */
export function spawnTied(argv: readonly [string, ...string[]], options: TiedOptions = {}): ChildProcess {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...argv], {
    detached: true,
    stdio: options.stdio ?? 'ignore',
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  })
  tied.add(child)
  child.once('exit', () => tied.delete(child))
  return child
}

/**
 * Kills what this process has started and not yet seen ending: for its own last moments, when what writes into the
 * sandbox must end before the sandbox is removed. What they started dies with them.
 */
export function killTied(): void {
  for (const child of tied) killGroup(child)
}

/** Resolves when the process is there, or says what is missing on this machine. */
export async function started(child: ChildProcess): Promise<ChildProcess> {
  if (child.pid !== undefined) return child
  const cause = await new Promise((resolve) => child.once('error', resolve))
  throw new RescueError('PRECONDITION', 'the sandbox cannot start processes that die with it: no setpriv', {
    hint: 'install util-linux (apt-get install util-linux)',
    cause,
  })
}

export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
}

/** How a process ended; at once when it has ended already. */
export function exited(child: ChildProcess): Promise<Exit> {
  if (child.exitCode !== null || child.signalCode !== null) {
    return Promise.resolve({ code: child.exitCode, signal: child.signalCode })
  }
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })))
}

/** Kills a whole process group. One that is gone already is fine. */
export function killGroup(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
