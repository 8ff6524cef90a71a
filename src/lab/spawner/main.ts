import type { ChildProcess } from 'node:child_process'
import { connect, type Socket } from 'node:net'
import { exited, killGroup, spawnTied, started } from '../spawn.ts'
import { type Report, type Request, STREAMS, type StartMessage } from './messages.ts'

/** The spawner itself: see `start.ts`. Ends with its parent. */
function main(path: string): void {
  const running = new Map<number, Promise<ChildProcess>>()
  process.on('disconnect', () => process.exit())
  process.on('message', (request: Request) => {
    if ('kill' in request) void running.get(request.kill)?.then((child) => killGroup(child, request.signal))
    else void serve(request)
  })

  async function serve(request: StartMessage): Promise<void> {
    const { id } = request
    const starting = start(path, request).then(started)
    running.set(id, starting)
    const report = await starting.then(exited).then(
      (exit): Report => ({ id, ...exit }),
      (error: Error): Report => ({ id, error: error.message }),
    )
    running.delete(id)
    if (process.connected) process.send?.(report)
  }
}

async function start(path: string, { id, argv, env, cwd }: StartMessage) {
  const streams = await Promise.all(Array.from({ length: STREAMS }, (_, at) => open(path, `${id} ${at}\n`)))
  try {
    return spawnTied(argv, { env, cwd, stdio: streams })
  } finally {
    // the command has them now; to end them would end them for it as well
    for (const stream of streams) stream.destroy()
  }
}

/** A stream that nothing is read from here: what comes is the command's. */
function open(path: string, name: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.pause()
    socket.once('error', reject)
    socket.once('connect', () => socket.write(name, () => resolve(socket)))
  })
}

main(process.argv[2] ?? '')
