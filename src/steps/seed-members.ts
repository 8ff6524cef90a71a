import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { RescueError } from '../errors/rescue-error.ts'
import { clearParts } from '../node/alone.ts'
import { OWN_DIR, removeOwnDir } from '../node/copy-dir.ts'
import { freeBytes } from '../node/disk.ts'
import { canBumpOn, restoreToolOn } from '../node/etcd-tools.ts'
import { sha256On } from '../node/files.ts'
import { find } from '../node/find.ts'
import { makeMove } from '../node/moves.ts'
import { heldDatabase } from '../node/released.ts'
import { restoreMemberOn, unpackOn } from '../node/restore-member.ts'
import { sendFile } from '../node/send-file.ts'
import type { RemoteHost } from '../ports/remote-host.ts'
import { shellWord } from '../shell/quote.ts'
import { bytes, many } from '../words/numbers.ts'
import { type Context, defineStep } from './define.ts'
import type { Facts, Seat } from './facts.ts'
import { sha256Of } from './support/files.ts'
import { findRelease } from './support/members.ts'
import { hostOf, onAll, onSeats } from './support/on-seats.ts'
import { mustBeOfThisBoot } from './support/same-boot.ts'
import { seedPlacement } from './support/seed-placement.ts'

type Needs = 'copies' | 'copy' | 'control' | 'seed' | 'snapshot' | 'gz'
const inputs = z.strictObject({
  /** The volume that a node's etcd-manager uses, `NODE=/PATH` with commas between, where nothing tells. */
  seats: z.string().default(''),
})
type Inputs = z.infer<typeof inputs>
type Ctx = Context<Needs, Inputs>

/** Packed, unpacked, restored, and what etcd needs to begin with. */
const ROOM = 2.5
const RESERVE_BYTES = 512 << 20

/**
 * Restores the snapshot as every member of one new cluster, on the nodes, in directories that etcd-manager does not look
 * at: all of it while the old one still runs, so that the outage is a rename and a start.
 */
export const seedMembers = defineStep<Needs, 'placement', Inputs>({
  id: 'seed-members',
  title: 'restore the snapshot on every member, beside what runs',
  effect: 'change',
  needs: ['copies', 'copy', 'control', 'seed', 'snapshot', 'gz'],
  gives: ['placement'],
  inputs,
  describe: () => ({
    reads: ['state, free room and the etcd versions on every control-plane node'],
    changes: [
      `the snapshot sent to every control-plane node and restored in ${OWN_DIR}/seed/<token> of its volume; what was sent is removed`,
    ],
  }),
  act: async (context) => {
    const { world, note, once } = context
    const token = await once('token', newToken)
    const placement = await once('placement', () => seedPlacement(context, token))
    await onSeats(world, placement.seats, (host, seat) => seedOn(context, host, seat, placement))
    note(
      `${many(placement.seats.length, 'member is', 'members are')} restored beside what runs, under the new token ${token}`,
    )
    return { placement }
  },
  undo: async ({ world, recall, runId }) => {
    const placement = recall('placement') as Facts['placement'] | undefined
    await onAll(placement?.seats ?? [], async (seat) => {
      const host = hostOf(world, seat.node)
      await removeOwnDir(host, sentDir(seat, runId))
      if (seat.source === undefined) return
      // of a restore that a crash broke off, the part is left as well; one that still runs behind a broken session is waited for
      await clearParts(host, seat.source)
      await mustBeReleased(host, seat.source)
      // an etcd may have run on it since, and taken writes: nothing that may be the only copy of anything is removed
      if ((await find(host, [seat.source], ['-maxdepth', '0'])).length > 0)
        await makeMove(host, {
          from: seat.source,
          to: `${seat.base}/data-trashcan/${placement?.token}.undone-${runId}`,
        })
    })
  },
})

/** What an etcd runs on is never moved. */
async function mustBeReleased(host: RemoteHost, source: string): Promise<void> {
  const held = await heldDatabase(host, [source])
  if (held === undefined) return
  throw new RescueError('STEP_FAILED', `${host.name}: ${held} is in use, and a directory in use is not moved`, {
    hint: `find who runs on it: sudo fuser -v ${shellWord(held)}; end it, then type the same again`,
  })
}

/** 22 characters of base64url, as etcd-manager makes them (FACTS 2); none of ours begins with a dash. */
function newToken(): string {
  const token = randomBytes(16).toString('base64url')
  return token.startsWith('-') ? newToken() : token
}

const sentDir = ({ base }: Seat, runId: string) => `${base}/${OWN_DIR}/sent/${runId}`

async function seedOn(context: Ctx, host: RemoteHost, seat: Seat, placement: Facts['placement']): Promise<void> {
  const { runId, once } = context
  await once(`seeded:${seat.node}`, async () => {
    const sent = sentDir(seat, runId)
    await mustHaveRoom(context, host, seat)
    const snapshot = await send(context, host, sent)
    const tool = await toolFor(context, host, sent, placement.etcdVersion)
    await restore(context, host, { seat, placement, snapshot, tool })
    await removeOwnDir(host, sent)
    return true
  })
}

/** What an attempt before this one has sent and unpacked is on the volume already. */
async function mustHaveRoom({ needs, runId }: Ctx, host: RemoteHost, seat: Seat): Promise<void> {
  const { base } = seat
  const sent = await find(host, [sentDir(seat, runId)], ['-type', 'f'])
  const have = sent.reduce((sum, { bytes }) => sum + bytes, 0)
  const wanted = Math.max(0, needs.snapshot.bytes * ROOM - have) + RESERVE_BYTES
  const free = await freeBytes(host, base)
  if (free >= wanted) return
  throw new RescueError('DISK_FULL', `${host.name}: ${base} has ${bytes(free)} free, and ${bytes(wanted)} are needed`, {
    hint: `make room on the volume (tokens in ${base}/data-trashcan that are of no use), then resume the run`,
  })
}

/** The path of the snapshot on the node, with the digest that it has here. */
async function send(context: Ctx, host: RemoteHost, sent: string): Promise<string> {
  const { needs, signal, progress } = context
  const { gz, snapshot } = needs
  await mustBeOfThisBoot(context, gz)
  const packed = `${sent}/etcd.backup.gz`
  const onBytes = (done: number) => progress(`send ${host.name}`, done, gz.bytes)
  await sendFile(host, gz.path, packed, { signal, onBytes })
  await mustEqual(host, packed, gz.sha256)
  const path = `${sent}/snapshot.db`
  await unpackOn(host, packed, path)
  await mustEqual(host, path, snapshot.sha256)
  return path
}

async function mustEqual(host: RemoteHost, path: string, sha256: string): Promise<void> {
  const there = (await sha256On(host, [path])).get(path)
  if (there === sha256) return
  throw new RescueError('COPY_CHANGED', `${host.name}: ${path} is not what was sent`, {
    hint: `remove it on the node (sudo rm ${shellWord(path)}) and resume the run; the running cluster was not touched`,
  })
}

/** etcd-manager's own etcd of the version that will run; where that can't bump revisions, ours of the same minor version. */
async function toolFor(context: Ctx, host: RemoteHost, sent: string, version: string): Promise<string> {
  const { world, needs, signal, note } = context
  const found = await restoreToolOn(host, world.target.etcdCluster, version)
  if (found !== undefined && (needs.seed.bumpedBy === 0 || (await canBumpOn(host, found)))) return found
  const release = await findRelease(world, needs.seed.minor)
  const own = release.etcdutl ?? release.etcdctl
  const tool = `${sent}/${release.etcdutl ? 'etcdutl' : 'etcdctl'}`
  note(`${host.name}: brings along its own ${release.etcdutl ? 'etcdutl' : 'etcdctl'} ${release.version}`)
  await sendFile(host, own, tool, { signal, mode: '700' })
  // it will run as root there
  await mustEqual(host, tool, await sha256Of(own))
  if (needs.seed.bumpedBy === 0 || (await canBumpOn(host, tool))) return tool
  throw new RescueError(
    'PRECONDITION',
    `${host.name}: no etcd ${version} there restores with a higher revision, and ours does not run there`,
    {
      hint: 'go without, and restart all that watches: --set bumpRevision=off; or --method rebuild-from-trashcan',
    },
  )
}

interface Restore {
  seat: Seat
  placement: Facts['placement']
  snapshot: string
  tool: string
}

async function restore({ needs }: Ctx, host: RemoteHost, { seat, placement, snapshot, tool }: Restore): Promise<void> {
  const { members, token } = placement
  const urlOf = (name: string) => members.find((member) => member.name === name)?.peerUrls[0] ?? ''
  await restoreMemberOn(host, {
    ...{ tool, snapshot, token, name: seat.name },
    dataDir: seat.source ?? '',
    peerUrl: urlOf(seat.name),
    initialCluster: members.map(({ name }) => `${name}=${urlOf(name)}`),
    ...(needs.seed.bumpedBy === 0 ? {} : { bumpRevision: needs.seed.bumpedBy }),
  })
}
