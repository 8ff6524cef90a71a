import { z } from 'zod'
import { RescueError, toRescueError } from '../errors/rescue-error.ts'
import type { EtcdClient } from '../ports/etcd.ts'
import { shellWord } from '../shell/quote.ts'
import { type Context, defineStep } from './define.ts'
import { disarmAll, makeRoom } from './support/disarm.ts'

const inputs = z.strictObject({
  /** `ask`: NOSPACE where there is room, CORRUPT after a question. `nospace`, `all`: without one. `no`: none. */
  disarm: z.enum(['ask', 'nospace', 'all', 'no']).default('ask'),
})
type Inputs = z.infer<typeof inputs>
type Ctx = Context<never, Inputs, 'state'>

const TRIES = 5

/**
 * A recovered cluster that refuses every write is not recovered: an alarm comes back with the data. One key of our own is
 * put, read and removed again; it moves the revision by two. After the comparison, and before API servers write.
 */
export const proveWrites = defineStep<never, never, Inputs, 'state'>({
  id: 'prove-writes',
  title: 'take alarms back, and prove that etcd takes writes',
  effect: 'change',
  uses: ['state'],
  inputs,
  describe: ({ disarm }) => ({
    reads: ['the alarms; the size of each database where it is full'],
    changes: [
      'one key /etcd-rescue/probe/RUN, put and removed again',
      ...(disarm === 'no' ? [] : ['alarms that came back with the data, taken back; a full database compacted']),
    ],
  }),
  act: async (context) => {
    const { world, runId, note } = context
    const client = await world.live.connect()
    try {
      const agreed = withAgreed(context)
      const alarms = await patiently(context, () => client.alarms())
      if (alarms.length > 0) await disarmAll(agreed, client, alarms)
      else if (context.needs.state?.makesRoom) await makeRoom(agreed, client)
      await probe(context, client, `/etcd-rescue/probe/${runId}`)
      const [alarm] = await patiently(context, () => client.alarms())
      if (alarm) throw notWritable(`it raised the alarm ${alarm.kind} again`)
      note('a write went through, and was taken back')
      return {}
    } finally {
      await client.close()
    }
  },
})

/** What check-state asked is not asked again. */
function withAgreed(context: Ctx): Ctx {
  const { inputs, needs } = context
  return inputs.disarm === 'ask' && needs.state ? { ...context, inputs: { disarm: needs.state.disarm } } : context
}

async function probe(context: Ctx, client: EtcdClient, key: string): Promise<void> {
  const value = `etcd-rescue ${context.world.clock.now().toISOString()}`
  await patiently(context, () => client.put(key, value))
  const found = await patiently(context, () => client.get(key))
  if (found?.value.toString() !== value) throw notWritable('what was written is not what is read')
  const isGone = await patiently(context, () => client.deleteIfUnchanged(Buffer.from(key), found.modRevision))
  // removed by an attempt whose answer was lost, or put again by another run of the same name: not ours to guess
  if (!isGone && (await client.get(key))) context.note(`the key ${key} is still there: etcdctl del ${shellWord(key)}`)
}

/** Members elect a leader anew after a start; a refusal stays one however often it is asked. */
async function patiently<T>({ world, signal }: Ctx, call: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call()
    } catch (error) {
      const { code, message } = toRescueError(error)
      if (code === 'PRECONDITION' || /space exceeded|corrupt/i.test(message)) throw notWritable(message, error)
      if (attempt === TRIES || signal.aborted) throw error
      await world.clock.sleep(1000 * attempt, signal)
    }
  }
}

function notWritable(why: string, cause?: unknown): RescueError {
  return new RescueError('NOT_VERIFIED', `the recovered cluster does not take writes: ${why}`, {
    hint: 'the data was compared and is right; look at its alarms and take them back: etcd-rescue run prove-writes --set disarm=all; then go on: etcd-rescue runs resume',
    cause,
  })
}
