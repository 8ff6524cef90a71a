import { recover } from './recovery/index.ts'
import type { Outcome, RescueResult } from './result.ts'
import type { Session } from './session.ts'

/** `recover` as it is typed in a hurry. The one place where the drill meets `recover`'s own choice of the method. */
export function recoverByChoice(session: Session): Promise<Outcome<RescueResult>> {
  return recover(session, { method: 'auto', inputs: {} })
}
