import { type Env, type RunOptions, stoppedAt, thisOwner } from './env.ts'
import { acquireLock, breakLock, isHeld, readLock } from './lock.ts'
import { showLock } from './lock-document.ts'

/** Runs the body while holding the lock of the etcd cluster. A dry run only says who holds it. */
export async function withLock<T>(env: Env, { lock }: RunOptions, body: (env: Env) => Promise<T>): Promise<T> {
  if (lock === false) return body(env)
  if (env.world.dryRun) {
    await tellHolder(env)
    return body(env)
  }
  if (lock?.withoutLock && (await mayGoWithout(env))) return body(env)
  if (lock?.breakLock) await tellBroken(env)
  const { run } = env.journal.header
  const { soft: signal } = env.stop
  const held = await acquireLock(env.world.store, {
    owner: lock?.owner ?? thisOwner(),
    runId: run,
    clock: env.world.clock,
    signal,
    note: (line) => env.emit({ type: 'note', step: 'lock', line }),
    ...(lock?.ttlMs === undefined ? {} : { ttlMs: lock.ttlMs }),
  }).catch((error) => {
    throw signal.aborted ? stoppedAt(run, error) : error
  })
  try {
    return await body({ ...env, lock: held })
  } finally {
    await held.release()
  }
}

/** The flag is for stores that have no conditional writes, and the name is typed for it: elsewhere the lock is taken. */
async function mayGoWithout({ world, plan, emit }: Env): Promise<boolean> {
  const note = (line: string) => emit({ type: 'note', step: 'lock', line })
  if ((await world.store.hasConditions?.()) !== false) {
    note('the store has conditional writes: the lock is taken all the same')
    return false
  }
  const question = `The store has no conditional writes, so nothing keeps a second operator out. Nobody else works on etcd ${plan.etcdCluster} of ${plan.cluster} now.`
  await world.prompter.typeName(question, plan.cluster, { flag: '--confirm' })
  note('going on without the lock: nothing keeps a second operator out')
  return true
}

async function tellHolder(env: Env): Promise<void> {
  const holder = await readLock(env.world.store)
  if (holder && (await isHeld(env.world.store, holder, env.world.clock))) {
    env.emit({ type: 'note', step: 'lock', line: `a real run would be refused now: ${showLock(holder)}` })
  }
}

async function tellBroken(env: Env): Promise<void> {
  const broken = await breakLock(env.world.store)
  if (broken) env.emit({ type: 'note', step: 'lock', line: `lock broken on purpose: ${showLock(broken)}` })
}
