import { type Env, type RunOptions, thisOwner } from './env.ts'
import { acquireLock, breakLock, readLock } from './lock.ts'
import { showLock } from './lock-document.ts'

/** Runs the body while holding the lock of the etcd cluster. A dry run only says who holds it. */
export async function withLock<T>(env: Env, { lock }: RunOptions, body: (env: Env) => Promise<T>): Promise<T> {
  if (lock === false) return body(env)
  if (env.world.dryRun) {
    await tellHolder(env)
    return body(env)
  }
  if (lock?.breakLock) await tellBroken(env)
  const held = await acquireLock(env.world.store, {
    owner: lock?.owner ?? thisOwner(),
    runId: env.journal.header.run,
    clock: env.world.clock,
    ...(lock?.ttlMs === undefined ? {} : { ttlMs: lock.ttlMs }),
  })
  try {
    return await body({ ...env, lock: held })
  } finally {
    await held.release()
  }
}

async function tellHolder(env: Env): Promise<void> {
  const holder = await readLock(env.world.store)
  if (holder && Date.parse(holder.expires) > env.world.clock.now().getTime()) {
    env.emit({ type: 'note', step: 'lock', line: `a real run would be refused now: ${showLock(holder)}` })
  }
}

async function tellBroken(env: Env): Promise<void> {
  const broken = await breakLock(env.world.store)
  if (broken) env.emit({ type: 'note', step: 'lock', line: `lock broken on purpose: ${showLock(broken)}` })
}
