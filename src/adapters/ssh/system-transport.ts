import { type ChildProcess, spawn } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Forward } from '../../ports/remote-host.ts'
import { tailOf } from './collect.ts'
import type { Endpoint } from './endpoint.ts'
import { connectionLost, lastLines, type Place } from './failures.ts'
import { socketDir } from './forward.ts'
import type { SshHostOptions } from './options.ts'
import { createSemaphore } from './semaphore.ts'
import type { SshSession } from './session.ts'
import { systemSshArgs } from './system-args.ts'
import { exitOf, type Master, NO_FORWARDS, openMaster } from './system-master.ts'
import { type Ending, type Running, SESSIONS_AT_ONCE, type Transport } from './transport.ts'

/** ssh's own exit code for "no connection"; a command that ends with 255 cannot be told from it. */
const SSH_FAILED = 255

/**
 * A node over the system's ssh: one master connection, and a child process for each command. The master's remote command
 * waits for its own input to end, so it is gone when this process is, even after SIGKILL.
 */
export function createSystemTransport(endpoint: Endpoint, options: SshHostOptions, session: SshSession): Transport {
  const place: Place = { name: options.name, host: endpoint.host, port: endpoint.port }
  const args = systemSshArgs(endpoint, options)
  // the master holds one session of sshd's MaxSessions
  const channels = createSemaphore(SESSIONS_AT_ONCE - 1)
  // the alias, where there is one: the user's configuration of it counts
  const destination = ['--', options.address]
  const forwards = new Set<Forward>()
  let current: Promise<Master> | undefined

  const connected = async (): Promise<Master> => {
    current ??= openMaster({ args, destination, place, endpoint, options, session })
    const attempt = current
    const drop = () => {
      if (current === attempt) current = undefined
    }
    try {
      const master = await attempt
      if (master.child.exitCode !== null || master.child.signalCode !== null) drop()
      master.child.once('exit', drop)
      return master
    } catch (error) {
      drop()
      throw error
    }
  }

  /** The master may be gone without our knowing yet; then the next try has another. */
  const control = async (words: string[], tries = 3): Promise<void> => {
    const { control: socket } = await connected()
    const child = spawn('ssh', [...args, '-S', socket, ...words, ...destination], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const said = tailOf(child.stderr)
    const code = await exitOf(child)
    if (code === 0) return
    if (tries === 0) throw connectionLost(place, `: ssh failed (${words.join(' ')}): ${lastLines(said())}`)
    await options.clock.sleep(300)
    return control(words, tries - 1)
  }

  return {
    user: endpoint.user,
    start: async (line, signal) => {
      const leave = await channels.enter(signal)
      try {
        const { control: socket } = await connected()
        const child = spawn('ssh', [
          ...args,
          ...NO_FORWARDS,
          '-o',
          'ControlMaster=no',
          '-S',
          socket,
          ...destination,
          line,
        ])
        return runningChild(child, leave)
      } catch (error) {
        leave()
        throw error
      }
    },
    forward: async (host, port) => {
      const dir = await socketDir()
      const socketPath = join(dir, 'port')
      const rule = ['-o', 'StreamLocalBindMask=0177', '-L', `${socketPath}:${bracket(host)}:${port}`]
      const remove = () => rm(dir, { recursive: true, force: true })
      try {
        await control(['-O', 'forward', ...rule])
      } catch (error) {
        await remove()
        throw error
      }
      const forward: Forward = {
        socketPath,
        close: async () => {
          if (!forwards.delete(forward)) return
          await control(['-O', 'cancel', ...rule]).catch(() => {})
          await remove()
        },
      }
      forwards.add(forward)
      return forward
    },
    close: async () => {
      await Promise.all([...forwards].map((forward) => forward.close()))
      const master = await current?.catch(() => undefined)
      current = undefined
      master?.child.kill()
      await master?.gone
    },
  }
}

function runningChild(child: ReturnType<typeof spawn> & ChildProcess, leave: () => void): Running {
  const { stdin, stdout, stderr } = child
  if (!stdin || !stdout || !stderr) throw new TypeError('a child without pipes')
  const ended = new Promise<Ending>((resolve) => {
    child.once('error', (error) => resolve({ lost: error }))
    child.once('close', (code, signal) => {
      leave()
      if (code === SSH_FAILED || code === null) resolve({ lost: new Error(`its ssh ended with ${signal ?? code}`) })
      else resolve({ code })
    })
  })
  const kill = () => {
    child.kill()
    stdout.resume()
    stderr.resume()
    leave()
  }
  return { stdin, stdout, stderr, ended, kill }
}

function bracket(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}
