import { type ChildProcess, spawn } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { tailOf } from './collect.ts'
import type { Endpoint } from './endpoint.ts'
import type { Place } from './failures.ts'
import { socketDir } from './forward.ts'
import type { SshHostOptions } from './options.ts'
import { patienceWith, remembering } from './patience.ts'
import type { SshSession } from './session.ts'
import { systemFailure } from './system-failure.ts'

/** The forwards of the user's own configuration are not ours to open. */
export const NO_FORWARDS = ['-o', 'ClearAllForwardings=yes']

export interface Master {
  control: string
  child: ChildProcess
  gone: Promise<void>
}

export interface MasterParts {
  args: string[]
  destination: string[]
  place: Place
  endpoint: Endpoint
  options: SshHostOptions
  session: SshSession
}

/** Connects and logs in. Rejects with `HOST_*` errors. */
export function openMaster(parts: MasterParts): Promise<Master> {
  return remembering(parts.endpoint, parts.session, () => startMaster(parts))
}

async function startMaster({ args, destination, place, endpoint, options, session }: MasterParts): Promise<Master> {
  const { answerMs } = patienceWith(endpoint, options, session)
  const dir = await socketDir()
  const control = join(dir, 'port')
  const child = spawn('ssh', [
    // before the others: ssh takes the first
    '-o',
    `ConnectTimeout=${Math.ceil(answerMs / 1000)}`,
    ...args,
    ...NO_FORWARDS,
    '-M',
    '-S',
    control,
    ...destination,
    'echo ready; exec cat >/dev/null',
  ])
  child.stdin.on('error', () => {})
  const stderr = tailOf(child.stderr)
  const gone = exitOf(child).then(() => rm(dir, { recursive: true, force: true }))
  const ready = new Promise<boolean>((resolve) => {
    child.stdout.once('data', () => resolve(true))
    void gone.then(() => resolve(false))
  })
  const limit = setTimeout(() => child.kill(), 2 * (options.connectTimeoutMs ?? 15_000))
  const isReady = await ready
  clearTimeout(limit)
  if (!isReady) throw systemFailure(stderr(), place, endpoint)
  return { control, child, gone }
}

export function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => {
    child.once('error', () => resolve(null))
    child.once('close', (code) => resolve(code))
  })
}
