import { RescueError } from '../../errors/rescue-error.ts'
import { createUnframer, newFrame } from '../frame.ts'
import type { MemoryReply } from './host-process.ts'

/** What a node says beside what it was asked, as real login shells, sudo and sshd do. */
export interface Noise {
  /** On stdout, before the command and after it. */
  before?: string
  after?: string
  /** On stderr, before the command. */
  stderr?: string
  /** Nothing of what it was given is run: the shell greets, and ends with 0. */
  isMute?: boolean
  /** So many bytes of stdout come through, and then it ends with 0. */
  cutAt?: number
}

/** What is understood of a reply through this noise: the same bytes, or `HOST_OUTPUT` when its end never came. */
export function heard(name: string, reply: MemoryReply, noise: Noise): MemoryReply {
  const code = noise.isMute || noise.cutAt !== undefined ? 0 : (reply.code ?? 0)
  return {
    ...reply,
    code,
    stderr: `${noise.stderr ?? ''}${reply.stderr ?? ''}`,
    stdout: understood(name, reply, noise),
  }
}

async function* understood(name: string, reply: MemoryReply, noise: Noise): AsyncGenerator<Buffer> {
  const frame = newFrame()
  const unframer = createUnframer(frame)
  let left = noise.cutAt ?? Number.POSITIVE_INFINITY
  for await (const piece of spoken(frame, reply, noise)) {
    yield unframer.push(piece.subarray(0, left))
    left = Math.max(0, left - piece.length)
  }
  if (unframer.code() !== undefined) return
  throw new RescueError('HOST_OUTPUT', `node ${name} gave no answer: it ended with exit code 0, and not by itself`, {
    hint: `look at node ${name}`,
  })
}

async function* spoken(frame: string, { stdout = '', code = 0 }: MemoryReply, noise: Noise): AsyncGenerator<Buffer> {
  yield Buffer.from(noise.before ?? '')
  if (noise.isMute) return
  yield Buffer.from(`\n${frame}<\n`)
  if (typeof stdout === 'string' || Buffer.isBuffer(stdout)) yield Buffer.from(stdout)
  else yield* stdout
  yield Buffer.from(`\n${frame}>${code}\n${noise.after ?? ''}`)
}
