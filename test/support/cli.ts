import { spawn } from 'node:child_process'
import { join } from 'node:path'

export interface CliResult {
  code: number | null
  stdout: string
  stderr: string
}

/** The package as it will be installed; made by global-setup. */
export function testPackage(): string {
  const path = process.env.ETCD_RESCUE_TEST_PACKAGE
  if (path === undefined) throw new Error('global-setup did not run')
  return path
}

interface CliOptions {
  cwd?: string
  env?: NodeJS.ProcessEnv
}

/** Runs the command line as a process of its own, without a terminal. Nothing is inherited but PATH and HOME. */
export function cli(args: string[], options: CliOptions = {}): Promise<CliResult> {
  return startCli(args, options).finished
}

/** The same, in hand while it runs. */
export function startCli(args: string[], { cwd = '/', env = {} }: CliOptions = {}) {
  const child = spawn(process.execPath, [join(testPackage(), 'bin/run.js'), ...args], {
    cwd,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  const finished = new Promise<CliResult>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
  return { child, finished }
}
