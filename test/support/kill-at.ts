import { fileURLToPath } from 'node:url'
import type { Lab } from '../../src/lab/index.ts'
import { journalLines, startRescue } from './rescue-process.ts'

/** `acting`: before anything of the step happened; `acted`: after it happened, before it was verified. */
export type Moment = 'acting' | 'acted'

const HOOK = fileURLToPath(new URL('./kill-hook.mjs', import.meta.url))

/**
 * Starts a run that is killed with SIGKILL as soon as its journal says that this step is at that moment. False when it
 * ended before.
 */
export async function killAt(lab: Lab, workDir: string, args: string[], type: Moment, step: string): Promise<boolean> {
  // steps that run together reach a moment together: the kill of the one before hit this one in it too
  const marks = journalLines(workDir).filter((line) => line.step === step)
  const last = marks.findLast((line) => ['acting', 'acted', 'finished'].includes(line.type))
  if (type === 'acted' && last?.type === 'acted') return true
  const env = { ETCD_RESCUE_TEST_KILL: JSON.stringify({ type, step }) }
  const { signal, stderr } = await startRescue(lab, workDir, args, { env, node: ['--import', HOOK] }).finished
  if (signal !== 'SIGKILL') process.stderr.write(`not killed in ${step}: ${stderr}\n`)
  return signal === 'SIGKILL'
}
