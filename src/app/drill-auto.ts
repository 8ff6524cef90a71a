import { runRunbook } from './recover.ts'
import type { Outcome, RescueResult } from './result.ts'
import type { Session } from './session.ts'

/** `recover` without a method. The one place where the drill meets `recover`'s own choice of the method. */
export function recoverByChoice(session: Session): Promise<Outcome<RescueResult>> {
  return runRunbook(session, { runbook: 'rebuild-from-trashcan', etcdCluster: 'main', inputs: {} })
}
