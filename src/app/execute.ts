import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Config } from '../config/index.ts'
import {
  type Journal,
  type RunOptions,
  type RunResult,
  reportAnswer,
  runPlan,
  type StopSwitch,
  stopSwitch,
} from '../engine/index.ts'
import type { Target } from '../ports/target.ts'
import type { World } from '../ports/world.ts'
import type { Plan } from '../runbook/index.ts'
import { dropAhead } from '../steps/support/ahead.ts'
import { returnMembers } from '../steps/support/members.ts'
import { sessionPrompter } from './prompter.ts'
import type { Session } from './session.ts'
import { stopOnSignals } from './signals.ts'
import { openWorld } from './world.ts'

export interface Execution {
  config: Config
  target: Target
  plan: Plan
  journal: Journal
  options?: Pick<RunOptions, 'from' | 'only' | 'facts'>
}

/** Runs a plan in the real world: `recover`, `run`, `runs resume` and the drill all come here. */
export function execute(session: Session, execution: Execution): Promise<RunResult> {
  return withWorld(session, execution, (world, options) =>
    runPlan(execution.plan, world, execution.journal, { ...execution.options, ...options }),
  )
}

/** Builds the world, listens to what happens in it and to Ctrl-C, and closes all of it again, however it ends. */
export async function withWorld<T>(
  session: Session,
  execution: Execution,
  body: (world: World, options: RunOptions) => Promise<T>,
): Promise<T> {
  const { screen, breakLock, withoutLock = false } = session
  const stop = stopSwitch()
  const release = stopOnSignals(stop, session)
  try {
    const world = await worldOf(session, execution, stop)
    try {
      return await body(world, { emit: screen.listen, stop, lock: { breakLock, withoutLock } })
    } finally {
      // what a step left running for the next one, which a failed run never reached
      await Promise.allSettled([returnMembers(world), dropAhead(world)])
      await world.close()
    }
  } finally {
    release()
    screen.end()
    await execution.journal.close()
  }
}

function worldOf(session: Session, { config, target, journal }: Execution, stop: StopSwitch): Promise<World> {
  const { screen, sources, dryRun } = session
  return openWorld({
    config,
    target,
    env: sources.env,
    prompter: sessionPrompter(session, stop.soft, reportAnswer),
    // A dry run leaves nothing on disk: its scratch is behind the gate, and this path is only shown
    runDir: journal.dir ?? join(tmpdir(), `etcd-rescue-dry-run-${randomBytes(4).toString('hex')}`),
    ssh: session.ssh,
    dryRun,
    withoutLock: session.withoutLock ?? false,
    note: (line) => screen.listen({ type: 'note', step: '', line }),
  })
}
