import type { RunResult } from '../engine/index.ts'
import { sessionPrompter } from './prompter.ts'
import type { Session } from './session.ts'

/**
 * After a recovery that failed or was stopped behind its fence: asks an operator who is there whether the API servers are to
 * start again. No by default, since what etcd serves now is hardly what they should hand out.
 */
export async function wantsUnfence(session: Session, { status, steps }: RunResult): Promise<boolean> {
  const isOver = status === 'failed' || status === 'cancelled'
  const statusOf = (id: string) => steps.find((step) => step.id === id)?.status
  const isFenced = statusOf('fence') === 'done' && statusOf('unfence') !== 'done' && steps.length > 1
  if (!isOver || !isFenced || !session.interactive || session.dryRun || session.yes) return false
  const question =
    'The API servers are stopped. Start them again now? Only when etcd serves what they should hand out; else resume the run.'
  try {
    const prompter = sessionPrompter(session, new AbortController().signal)
    return await prompter.confirm(question, { flag: 'etcd-rescue unfence', default: false })
  } catch {
    // the screen has told how to do it; a question that cannot be asked changes nothing
    return false
  }
}
