import { setPriority } from 'node:os'
import type { Lab } from '../../src/lab/index.ts'
import { journalLines, startRescue } from './rescue-process.ts'

/** `acting`: before anything of the step happened or while it does; `acted`: after it happened, before it was verified. */
export type Moment = 'acting' | 'acted'

/**
 * Starts a run and kills it with SIGKILL as soon as its journal says that this step is at that moment. False when it
 * ended before.
 */
export async function killAt(lab: Lab, workDir: string, args: string[], type: Moment, step: string): Promise<boolean> {
  const linesOf = () => journalLines(workDir).filter((line) => line.step === step)
  const count = () => linesOf().filter((line) => line.type === type).length
  const had = count()
  // steps that run together reach a moment together: the kill of the one before hit this one in it too
  const marks = linesOf().filter((line) => ['acting', 'acted', 'finished'].includes(line.type))
  if (type === 'acted' && marks.at(-1)?.type === 'acted') return true
  const { child, finished } = startRescue(lab, workDir, args)
  // on a busy machine the one that looks must not come later than the one that is looked at
  if (child.pid !== undefined) setPriority(child.pid, 10)
  let ended = false
  finished.then(() => {
    ended = true
  })
  while (!ended) {
    if (count() > had) {
      child.kill('SIGKILL')
      break
    }
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  const { signal, stderr } = await finished
  if (signal !== 'SIGKILL') process.stderr.write(`not killed in ${step}: ${stderr}\n`)
  return signal === 'SIGKILL'
}
