import type { ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { putFile } from '../files.ts'
import { exited } from '../spawn.ts'
import { type ProcessSpec, startProcess, stopProcess } from './process.ts'

export interface Unit {
  /** Undefined while it does not run. */
  pid(): number | undefined
  close(): Promise<void>
}

const POLL_MS = 50

/** A systemd unit of a node as a real process, kept running unless `systemctl stop` left its mark. */
export async function keepUnit(dir: string, name: string, spec: ProcessSpec): Promise<Unit> {
  const pidFile = join(dir, `${name}.pid`)
  let child: ChildProcess | undefined
  let closed = false
  await putFile(join(dir, `${name}.unit`), spec.argv.join(' '))

  async function start() {
    if (closed || child !== undefined || existsSync(join(dir, `${name}.stopped`))) return
    const now = await startProcess(spec)
    child = now
    await putFile(pidFile, String(now.pid))
    void exited(now).then(async () => {
      await rm(pidFile, { force: true })
      child = undefined
    })
  }

  let busy = start()
  const timer = setInterval(() => {
    busy = busy.then(start, start)
  }, POLL_MS)
  await busy

  return {
    pid: () => child?.pid,
    close: async () => {
      closed = true
      clearInterval(timer)
      await busy
      if (child !== undefined) await stopProcess(child, 1_000)
    },
  }
}
