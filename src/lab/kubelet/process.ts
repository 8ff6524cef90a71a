import type { ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { exited, killGroup, spawnTied, started } from '../spawn.ts'

export interface ProcessSpec {
  argv: readonly [string, ...string[]]
  env: NodeJS.ProcessEnv
  /** Output is appended here, 0600. */
  log: string
}

/** Starts a process of a node, its output into its log. */
export async function startProcess(spec: ProcessSpec): Promise<ChildProcess> {
  const log = openSync(spec.log, 'a', 0o600)
  try {
    return await started(spawnTied(spec.argv, { env: spec.env, stdio: ['ignore', log, log] }))
  } finally {
    closeSync(log)
  }
}

/** SIGTERM, then SIGKILL to the group; resolves when the process is gone. */
export async function stopProcess(child: ChildProcess, graceMs: number): Promise<void> {
  child.kill('SIGTERM')
  const timer = setTimeout(() => killGroup(child), graceMs)
  await exited(child)
  clearTimeout(timer)
  killGroup(child)
}
