import { createSshSession } from '../../src/adapters/ssh/session.ts'
import type { Session } from '../../src/app/session.ts'

/** As a command makes it, without a terminal: `dir` is where the operator sits, and has the work directory. */
export function testSession(dir: string, over: Partial<Session> = {}): Session {
  const nothing = () => {}
  return {
    sources: { env: { XDG_STATE_HOME: dir }, cwd: dir },
    screen: { listen: nothing, pause: nothing, resume: nothing, end: nothing },
    json: true,
    dryRun: false,
    yes: false,
    breakLock: false,
    interactive: false,
    ssh: createSshSession(),
    version: '0.0.0-test',
    ...over,
  }
}
