import { Transform } from 'node:stream'
import type { ServerChannel, Session } from 'ssh2'
import { killGroup, spawnTied } from '../spawn.ts'
import type { NodeFaults } from './faults.ts'

export interface ExecWorld {
  env: NodeJS.ProcessEnv
  cwd: string
  faults: NodeFaults
  /** Cuts the whole connection. */
  cut: () => void
}

/** Runs what a client asks for: `/bin/sh -c`, with its exit code, its signals and back-pressure both ways. */
export function serveSession(session: Session, world: ExecWorld): void {
  let onSignal: (name: string) => void = () => undefined
  session.on('signal', (_accept, _reject, info) => onSignal(info.name))
  session.on('exec', (accept, _reject, info) => {
    const channel = accept()
    setTimeout(() => {
      onSignal = run(channel, info.command, world)
    }, world.faults.slowMs)
  })
}

function run(channel: ServerChannel, command: string, world: ExecWorld): (signal: string) => void {
  const { env, cwd } = world
  const child = spawnTied(['/bin/sh', '-c', command], { env, cwd, stdio: ['pipe', 'pipe', 'pipe'] })
  const { stdin, stdout, stderr } = child
  if (stdin === null || stdout === null || stderr === null) throw new Error('a command without pipes')
  stdin.on('error', () => undefined) // the command need not read all that it is sent
  channel.on('error', () => undefined)
  channel.pipe(stdin)
  const out = stdout.pipe(cutter(world))
  out.pipe(channel, { end: false })
  stderr.pipe(channel.stderr, { end: false })
  child.on('error', () => finish(127, null))
  const delivered = new Promise<void>((resolve) => out.once('end', resolve))
  child.on('close', (code, signal) => void delivered.then(() => finish(code, signal)))
  channel.on('close', () => {
    if (child.exitCode === null && child.signalCode === null) killGroup(child, 'SIGHUP')
  })

  function finish(code: number | null, signal: NodeJS.Signals | null) {
    if (channel.destroyed) return
    if (signal === null) channel.exit(code ?? 255)
    else channel.exit(signal.replace(/^SIG/, ''), false, '')
    channel.end()
  }

  return (signal) => killGroup(child, `SIG${signal.replace(/^SIG/, '')}` as NodeJS.Signals)
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
