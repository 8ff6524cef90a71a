import { once } from 'node:events'
import { Transform } from 'node:stream'
import type { ServerChannel, Session } from 'ssh2'
import type { Exit } from '../spawn.ts'
import type { Command, Spawner } from '../spawner/start.ts'
import type { NodeFaults } from './faults.ts'

export interface ExecWorld {
  spawner: Spawner
  env: NodeJS.ProcessEnv
  cwd: string
  faults: NodeFaults
  /** Cuts the whole connection. */
  cut: () => void
}

/** Runs what a client asks for: `/bin/sh -c`, with its exit code, its signals and back-pressure both ways. */
export function serveSession(session: Session, world: ExecWorld): void {
  let command: Promise<Command | undefined> = Promise.resolve(undefined)
  session.on('signal', (_accept, _reject, { name }) => {
    void command.then((one) => one?.kill(`SIG${name.replace(/^SIG/, '')}` as NodeJS.Signals))
  })
  session.on('exec', (accept, _reject, info) => {
    const channel = accept()
    channel.on('error', () => undefined)
    setTimeout(() => {
      command = run(channel, info.command, world)
    }, world.faults.slowMs)
  })
}

/** Never rejects: a command that could not be started ends as one that a shell did not find. */
async function run(channel: ServerChannel, line: string, world: ExecWorld): Promise<Command | undefined> {
  const { env, cwd, spawner } = world
  const command = await spawner.run({ argv: ['/bin/sh', '-c', line], env, cwd }).catch(() => undefined)
  if (command === undefined) finish(channel, { code: 127, signal: null })
  else join(channel, command, world)
  return command
}

function join(channel: ServerChannel, { stdin, stdout, stderr, exit, kill }: Command, world: ExecWorld): void {
  const hangUp = () => {
    kill('SIGHUP') // one that has ended takes no notice
    for (const stream of [stdin, stdout, stderr]) stream.destroy()
  }
  if (channel.destroyed) {
    hangUp()
    return
  }
  channel.once('close', hangUp)
  channel.pipe(stdin)
  const out = stdout.pipe(cutter(world))
  out.pipe(channel, { end: false })
  stderr.pipe(channel.stderr, { end: false })
  const delivered = Promise.all([once(out, 'end'), once(stderr, 'end')])
  void Promise.all([exit, delivered]).then(
    ([end]) => finish(channel, end),
    () => finish(channel, { code: 255, signal: null }),
  )
}

function finish(channel: ServerChannel, { code, signal }: Exit): void {
  if (channel.destroyed) return
  if (signal === null) channel.exit(code ?? 255)
  else channel.exit(signal.replace(/^SIG/, ''), false, '')
  channel.end()
}

/** Passes output through, and cuts the connection where the fault says so. */
function cutter({ faults, cut }: ExecWorld): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const left = faults.killConnectionAfterBytes
      if (left === undefined) return done(null, chunk)
      if (chunk.length < left) {
        faults.killConnectionAfterBytes = left - chunk.length
        return done(null, chunk)
      }
      faults.killConnectionAfterBytes = undefined
      this.push(chunk.subarray(0, left))
      setTimeout(cut, 20) // let what was pushed get on the wire
      // and never call back: nothing more is passed on
    },
  })
}
