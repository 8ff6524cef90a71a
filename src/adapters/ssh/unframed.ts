import { Transform } from 'node:stream'
import { createUnframer } from '../frame.ts'
import type { Ending, Running } from './transport.ts'

/**
 * The same command with its frame taken away: its output alone, and how it really ended. One whose end never came is
 * `unanswered`, whatever the shell around it ended with.
 */
export function unframed(running: Running, frame: string): Running {
  const unframer = createUnframer(frame)
  const stdout = new Transform({
    transform: (chunk: Buffer, _, done) => done(null, unframer.push(chunk)),
    highWaterMark: 1 << 18,
  })
  const read = new Promise<void>((resolve) => stdout.once('end', resolve).once('close', resolve))
  running.stdout.on('error', () => {})
  // a channel that is let go ends without an end
  running.stdout.once('close', () => stdout.end())
  running.stdout.pipe(stdout)
  const endingOf = (ending: Ending): Ending => {
    const code = unframer.code()
    if ('lost' in ending) return ending
    if (code !== undefined) return { code }
    return 'code' in ending ? { unanswered: ending.code } : ending
  }
  return {
    ...running,
    stdout,
    ended: Promise.all([running.ended, read]).then(([ending]) => endingOf(ending)),
    kill: () => {
      running.kill()
      running.stdout.unpipe(stdout)
      stdout.destroy()
    },
  }
}
