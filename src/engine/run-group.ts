import { PassThrough } from 'node:stream'
import type { PlanItem } from '../runbook/types.ts'
import { type StepRun, stepRun, type Wiring } from './context.ts'
import { type Env, needsOf, stateOf } from './env.ts'
import { act, begin, check, confirm, fail, finish, happenedBefore, verify } from './phases.ts'
import type { Facts } from './records.ts'
import { runStep } from './run-step.ts'

/** Bytes between two steps: each side of a PassThrough holds up to this much, 8 MiB in all. */
const PIPE_BYTES = 4 * 1024 * 1024

interface Member {
  run: StepRun
  wiring: Wiring & { signal: AbortSignal }
  /** Settles when the step is verified and written down. */
  done: Promise<void>
  resolve(): void
  reject(error: unknown): void
}

/**
 * Steps that run at once as a stream. Only those that are not finished run; bytes flow between two neighbours that both
 * run, any other step reads its file. All checks run before any act; one failure ends all.
 */
export async function runGroup(env: Env, items: readonly PlanItem[]): Promise<void> {
  const open = items.filter((item) => stateOf(env, item).phase !== 'finished')
  const [only] = open
  if (open.length === 1 && only) return runStep(env, only)
  const abort = new AbortController()
  const members = join(env, open, abort.signal)
  for (const { run } of members) await begin(run)
  const left = await alone(members, async (member) => !(await doneBefore(member)))
  await alone(left, ({ run }) => check(run).then(() => true))
  await alone(left, ({ run }) => confirm(run).then(() => true))
  const pipes = connect(left, items)
  await together(left, pipes, abort)
}

function join(env: Env, open: readonly PlanItem[], signal: AbortSignal): Member[] {
  const members: Member[] = []
  for (const item of open) {
    const wiring: Member['wiring'] = { signal, earlier: Promise.all(members.map(({ done }) => done)) }
    wiring.earlier?.catch(() => {})
    const member = { run: stepRun(env, item, wiring), wiring } as Member
    member.done = new Promise((resolve, reject) => Object.assign(member, { resolve, reject }))
    member.done.catch(() => {})
    members.push(member)
  }
  return members
}

/** One after the other, before anything acts. Resolves to the members that are still to run. */
async function alone(members: readonly Member[], body: (member: Member) => Promise<boolean>): Promise<Member[]> {
  const kept: Member[] = []
  for (const member of members) {
    try {
      if (await body(member)) kept.push(member)
    } catch (error) {
      throw await fail(member.run, error)
    }
  }
  return kept
}

/** A step whose needs are still to come can't have ended: it ends only after them. */
async function doneBefore({ run, resolve }: Member): Promise<boolean> {
  if (needsOf(run.env, run.item).missing.length > 0) return false
  const facts = await happenedBefore(run)
  if (!facts) return false
  await verify(run, facts)
  await finish(run, 'done', facts)
  resolve()
  return true
}

function connect(left: readonly Member[], items: readonly PlanItem[]): PassThrough[] {
  const pipes: PassThrough[] = []
  for (const [index, member] of left.entries()) {
    const next = left[index + 1]
    if (!next || items.indexOf(next.run.item) !== items.indexOf(member.run.item) + 1) continue
    const pipe = new PassThrough({ highWaterMark: PIPE_BYTES })
    pipe.on('error', () => {}) // both ends see it; without a listener it would end the process
    member.wiring.outgoing = pipe
    next.wiring.incoming = pipe
    pipes.push(pipe)
  }
  return pipes
}

async function together(
  members: readonly Member[],
  pipes: readonly PassThrough[],
  abort: AbortController,
): Promise<void> {
  let first: unknown
  const one = async (member: Member) => {
    try {
      await actAndVerify(member)
      member.resolve()
    } catch (caught) {
      const error = await fail(member.run, caught)
      first ??= error
      abort.abort(error)
      for (const pipe of pipes) pipe.destroy(error)
      member.reject(error)
    }
  }
  await Promise.all(members.map(one))
  if (first !== undefined) throw first
}

async function actAndVerify({ run, wiring }: Member): Promise<void> {
  const facts: Facts = await act(run)
  wiring.outgoing?.end()
  // A step that did not want the bytes must not hold up the one that writes them.
  wiring.incoming?.resume()
  await wiring.earlier
  await verify(run, facts)
  await finish(run, 'done', facts)
}
