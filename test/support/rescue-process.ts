import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Lab } from '../../src/lab/index.ts'

export interface Finished {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

/** The command line as a process of its own, against a lab; `node`: flags of Node. */
export function startRescue(
  lab: Lab,
  workDir: string,
  args: string[],
  { env = {}, node = [] }: { env?: NodeJS.ProcessEnv; node?: string[] } = {},
): { child: ChildProcess; finished: Promise<Finished> } {
  const bin = join(process.env.ETCD_RESCUE_TEST_PACKAGE ?? '', 'bin', 'run.js')
  const argv = [...node, bin, ...args, '--config', lab.configFile, '--work-dir', workDir]
  const child = spawn(process.execPath, argv, {
    env: { ...process.env, ...lab.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout?.on('data', (chunk) => out.push(chunk))
  child.stderr?.on('data', (chunk) => err.push(chunk))
  const finished = new Promise<Finished>((resolve) => {
    child.on('close', (code, signal) => {
      resolve({ code, signal, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() })
    })
  })
  return { child, finished }
}

export function runRescue(lab: Lab, workDir: string, args: string[]): Promise<Finished> {
  return startRescue(lab, workDir, args).finished
}

interface Line {
  type: string
  step?: string
  key?: string
}

/** The only run's journal so far; a torn last line is left out. */
export function journalLines(workDir: string): Line[] {
  const [run] = runsIn(workDir)
  if (run === undefined) return []
  return readOrNothing(join(workDir, 'runs', run, 'journal.ndjson'))
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line)
}

/** The run's directory is there before its journal is. */
function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

export function runsIn(workDir: string): string[] {
  try {
    return readdirSync(join(workDir, 'runs'))
  } catch {
    return []
  }
}
