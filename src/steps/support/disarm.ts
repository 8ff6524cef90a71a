import type { StepContext } from '../../engine/step.ts'
import { RescueError } from '../../errors/rescue-error.ts'
import type { EtcdAlarm, EtcdClient } from '../../ports/etcd.ts'
import { isFull, type Space, sayBytes, spaceOfMembers } from './space.ts'

/** Which alarms may be taken back without a question. */
export type Disarm = 'ask' | 'nospace' | 'all' | 'no'
type Ctx = StepContext<unknown, { disarm: Disarm }>

const BY_HAND = 'etcd-rescue run prove-writes --set disarm='

/** Takes back these alarms, one after the other, if it may; `NOT_VERIFIED` with the command for one that it may not. */
export async function disarmAll(context: Ctx, client: EtcdClient, alarms: readonly EtcdAlarm[]): Promise<void> {
  for (const { kind, memberId } of alarms) context.note(`etcd has the alarm ${kind} of member ${memberId}`)
  if (context.inputs.disarm === 'no') throw refused(alarms, `${BY_HAND}ask`)
  const others = alarms.filter(({ kind }) => kind !== 'NOSPACE')
  if (others.length > 0 && !(await mayDisarm(context, others))) throw refused(others, `${BY_HAND}all`)
  if (others.length < alarms.length) await makeRoom(context, client)
  for (const alarm of alarms) await client.disarm(alarm)
  context.note(`disarmed: ${alarms.map(({ kind, memberId }) => `${kind} of member ${memberId}`).join(', ')}`)
}

/** CORRUPT says that members differ: whoever takes it back must know that they no longer do. `--yes` does not know. */
async function mayDisarm({ inputs, world }: Ctx, alarms: readonly EtcdAlarm[]): Promise<boolean> {
  if (inputs.disarm === 'all') return true
  if (!world.prompter.interactive) return false
  const kinds = [...new Set(alarms.map(({ kind }) => kind))].join(', ')
  const question = `The data carries the alarm ${kinds}: a member once found that its data was not that of the others. All members that answer were compared just now. Take it back?`
  return world.prompter.confirm(question, { flag: '--set disarm=all', default: false })
}

/** A database at its quota raises the alarm again with the next write: first it is made smaller, if that helps. */
export async function makeRoom(context: Ctx, client: EtcdClient): Promise<void> {
  const { world, note, inputs } = context
  const members = await spaceOfMembers(world, note)
  for (const space of members) note(said(space))
  const alarms = members.length === 0 ? await client.alarms() : []
  if (alarms.length > 0) throw refused(alarms, `${BY_HAND}nospace`)
  const full = members.filter((space) => isFull(space, space.bytes))
  if (full.length === 0) return
  const names = full.map(({ node }) => node).join(', ')
  const question = `The database on ${names} is at its quota. Compact it to what is there now, and defragment it, one member after the other?`
  const agreed =
    inputs.disarm !== 'ask' ||
    (await world.prompter.confirm(question, { flag: '--yes, or --set disarm=nospace', default: true }))
  if (!agreed) throw tooFull(full, `${BY_HAND}nospace`)
  await client.compact((await client.status()).revision)
  for (const { node } of full) await defragment(context, node)
  const left = (await spaceOfMembers(world, note)).filter((space) => isFull(space, space.bytes))
  if (left.length > 0)
    throw tooFull(
      left,
      'give etcd more room (ETCD_QUOTA_BACKEND_BYTES in manager.env of the kOps spec), then: etcd-rescue run prove-writes',
    )
}

async function defragment({ world, note }: Ctx, node: string): Promise<void> {
  const client = await world.live.connect({ node })
  try {
    await client.defragment()
    note(`${node}: compacted and defragmented, ${sayBytes((await client.status()).dbSizeBytes)} now`)
  } finally {
    await client.close()
  }
}

const said = ({ node, bytes, inUseBytes, quotaBytes }: Space) =>
  `${node}: the database has ${sayBytes(bytes)}, of which ${sayBytes(inUseBytes)} are in use; its quota is ${sayBytes(quotaBytes)}`

function refused(alarms: readonly EtcdAlarm[], command: string): RescueError {
  const names = alarms.map(({ kind, memberId }) => `${kind} of member ${memberId}`).join(', ')
  return new RescueError('NOT_VERIFIED', `etcd refuses writes: it has the alarm ${names}`, {
    hint: `the data was compared and is right; take the alarm back: ${command}; then go on: etcd-rescue runs resume`,
  })
}

function tooFull(members: readonly Space[], next: string): RescueError {
  return new RescueError(
    'NOT_VERIFIED',
    `etcd refuses writes, its database is at its quota: ${members.map(said).join('; ')}`,
    {
      hint: `the data was compared and is right; ${next}; then go on: etcd-rescue runs resume`,
    },
  )
}
