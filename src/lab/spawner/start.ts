import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { removeTempDir, shortTempDir } from '../../adapters/etcd/temp-dir.ts'
import { entryFile } from '../entry.ts'
import { type Exit, exited, spawnTied, started } from '../spawn.ts'
import { type Report, type Request, STREAMS, type StartMessage } from './messages.ts'

/** A command that runs in the sandbox. */
export interface Command {
  stdin: Socket
  stdout: Socket
  stderr: Socket
  /** How it ended; rejects when it could not be started. */
  exit: Promise<Exit>
  /** To its process group, when it still runs. */
  kill: (signal: NodeJS.Signals) => void
}

export interface Spawner {
  /** Resolves when the command runs, with its streams. */
  run: (command: Omit<StartMessage, 'id'>) => Promise<Command>
  close: () => Promise<void>
}

/** A command that was asked for. */
interface Asked {
  streams: (Socket | undefined)[]
  opened: (streams: Socket[]) => void
  ended: (exit: Exit) => void
  failed: (error: Error) => void
}

/**
 * Starts commands from a small process of its own. A fork copies the tables of all memory: from a process with 200 MB it
 * took 38 ms where memory is virtualized twice, from a small one 3 ms, and a recovery runs hundreds of commands on its
 * nodes. Commands get the sockets themselves, so their bytes take no detour. They die with the spawner, and it with us.
 */
export async function startSpawner(): Promise<Spawner> {
  const dir = await shortTempDir()
  const path = join(dir, 's')
  const asked = new Map<number, Asked>()
  const server = createServer({ pauseOnConnect: true }, (socket) => void introduce(socket))
  server.listen(path)
  await once(server, 'listening')
  const argv = [process.execPath, entryFile('spawner'), path] as const
  const child = await started(spawnTied(argv, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], env: process.env }))
  child.on('message', (report: Report) => {
    const one = asked.get(report.id)
    if ('error' in report) one?.failed(new Error(report.error))
    else one?.ended({ code: report.code, signal: report.signal })
  })
  child.once('exit', () => {
    for (const one of asked.values()) one.failed(new Error('the spawner ended'))
  })
  const send = (request: Request) => {
    if (child.connected) child.send(request)
    else if ('id' in request) asked.get(request.id)?.failed(new Error('the spawner has ended'))
  }
  // neither keeps us from ending
  child.unref()
  child.channel?.unref()
  server.unref()

  async function introduce(socket: Socket): Promise<void> {
    socket.on('error', () => undefined) // the command need not read all that it is sent
    const [id = 0, at = 0] = (await firstLine(socket)).split(' ').map(Number)
    const one = asked.get(id)
    if (one === undefined) return void socket.destroy()
    one.streams[at] = socket
    const streams = one.streams.filter((stream) => stream !== undefined)
    if (streams.length === STREAMS) one.opened(streams)
  }

  async function run(command: Omit<StartMessage, 'id'>): Promise<Command> {
    const id = ++last
    const one: Partial<Asked> = { streams: Array.from({ length: STREAMS }, () => undefined) }
    const opened = new Promise<Socket[]>((resolve) => {
      one.opened = resolve
    })
    const exit = new Promise<Exit>((resolve, reject) => {
      one.ended = resolve
      one.failed = reject
    })
    asked.set(id, one as Asked)
    send({ id, ...command })
    try {
      // a short command may have ended before its streams are seen here
      const [stdin, stdout, stderr] = await Promise.race([opened, exit.then(() => opened)])
      if (!stdin || !stdout || !stderr) throw new Error('a command without streams')
      void exit.then(() => asked.delete(id))
      return { stdin, stdout, stderr, exit, kill: (signal) => send({ kill: id, signal }) }
    } catch (error) {
      asked.delete(id)
      throw error
    }
  }

  let last = 0
  return {
    run,
    close: async () => {
      server.close()
      child.ref() // its end is waited for, also where nothing else keeps this process
      child.kill('SIGKILL')
      await exited(child)
      await removeTempDir(dir)
    },
  }
}

/** The line that a connection begins with; what follows stays to be read. */
async function firstLine(socket: Socket): Promise<string> {
  let head = Buffer.alloc(0)
  for (;;) {
    const chunk = socket.read() as Buffer | null
    if (chunk === null) {
      if (socket.readableEnded || socket.destroyed) return ''
      await once(socket, 'readable')
      continue
    }
    head = Buffer.concat([head, chunk])
    const end = head.indexOf('\n')
    if (end < 0) continue
    if (end + 1 < head.length) socket.unshift(head.subarray(end + 1))
    return head.subarray(0, end).toString()
  }
}
