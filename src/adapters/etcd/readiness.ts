import { stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { RescueError } from '../../errors/rescue-error.ts'
import type { EtcdClient } from '../../ports/etcd.ts'
import { connectEtcd } from './connect.ts'
import { lastUsefulLine } from './log-line.ts'

export interface Serving {
  socketPath: string
  name: string
  exited: Promise<void>
  timeoutMs: number
  signal: AbortSignal | undefined
  explainExit(): Promise<RescueError>
  lastLog(): Promise<string>
}

/** Resolves to a client once a linearizable read was answered: only a member with a quorum does that. */
export async function waitUntilServing(serving: Serving): Promise<EtcdClient> {
  const deadline = Date.now() + serving.timeoutMs
  const state = { exited: false }
  serving.exited.then(() => {
    state.exited = true
  })
  // etcd makes the socket long before it serves; a channel opened before it is there backs off for a second
  while (!(await exists(serving.socketPath))) await pause(serving, state, deadline)
  const client = await connectEtcd({ socketPath: serving.socketPath, name: serving.name })
  const probe = await connectEtcd({ socketPath: serving.socketPath, name: serving.name, deadlineMs: 1000 })
  try {
    while (!(await answers(probe))) await pause(serving, state, deadline)
    serving.signal?.throwIfAborted()
    return client
  } catch (error) {
    await client.close()
    throw error
  } finally {
    await probe.close()
  }
}

async function pause(serving: Serving, state: { exited: boolean }, deadline: number): Promise<void> {
  serving.signal?.throwIfAborted()
  if (state.exited) throw await serving.explainExit()
  if (Date.now() > deadline) throw await late(serving)
  await Promise.race([serving.exited, sleep(20)])
}

/**
 * Asks for one key that need not be there: counting all keys of a large database takes a while. One that asks for a user
 * serves, and will not answer however long it is waited for: `PRECONDITION`.
 */
async function answers(probe: EtcdClient): Promise<boolean> {
  try {
    await probe.get('/')
    return true
  } catch (error) {
    if (error instanceof RescueError && error.code === 'PRECONDITION') throw error
    return false
  }
}

async function late({ name, timeoutMs, lastLog }: Serving): Promise<RescueError> {
  const said = lastUsefulLine(await lastLog())
  return new RescueError('ETCD_FAILED', `${name} does not serve after ${timeoutMs / 1000} s: ${said}`, {
    hint: 'another process may hold this directory, or it waits for members that do not run here; else allow more time',
  })
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
