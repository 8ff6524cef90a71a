import type { Lab } from '../lab/index.ts'
import type { DrillResult } from '../ui/run-result.ts'
import type { Session } from './session.ts'

/** The step that stops the API servers. */
const FENCE = 'fence'
const ANSWER_MS = 60_000

export interface WorkloadWatch {
  /** The session to recover with: it lets the kubelets go as soon as the fence is up. */
  session: Session
  /** What became of what runs on the workers, at the end; kubelets that were held till now are let go first. */
  count(isRecovered: boolean): Promise<NonNullable<DrillResult['workloads']>>
}

/**
 * Kubelets are held since the incident, for they would stop what an empty cluster does not list. A fence makes them
 * harmless, so they are let go behind it: a fence that leaks, or is taken away too early, then costs workloads.
 */
export async function watchWorkloads(lab: Lab, session: Session): Promise<WorkloadWatch> {
  const { running: before } = await lab.workloads()
  const { screen } = session
  const listen: typeof screen.listen = (event) => {
    if (event.type === 'step-finished' && event.step === FENCE && event.status === 'done') lab.pauseKubelets(false)
    screen.listen(event)
  }
  return {
    session: { ...session, screen: { ...screen, listen } },
    count: async (isRecovered) => {
      if (isRecovered) {
        lab.pauseKubelets(false)
        await lab.kubeletsAnswered(ANSWER_MS)
      }
      return { before, deleted: before - (await lab.workloads()).running }
    },
  }
}
