import { join } from 'node:path'
import { type DbPeek, openFileSource, peekDb } from '../../bolt/index.ts'
import { toRescueError } from '../../errors/rescue-error.ts'
import { readControl } from '../../etcd-manager/control.ts'
import type { World } from '../../ports/world.ts'
import { absent, type Seen, seen, unseen } from '../../seen/index.ts'
import type { Facts } from '../facts.ts'
import type { CarriedState, StateWay } from './carried-state.ts'
import { quotaOf } from './space.ts'

type Known = Pick<Facts, 'expected'> & Partial<Pick<Facts, 'copy' | 'restored' | 'placement' | 'seed' | 'backup'>>
type Looking = { world: World; needs: Known }

/** The state in the database of the trial, which has the whole log in it, and what the nodes and the store say beside it. */
export async function lookAtState({ world, needs }: Looking): Promise<Omit<CarriedState, 'disarm'>> {
  const { expected, copy } = needs
  const way: StateWay = needs.backup ? 'restore' : needs.seed ? 'seed' : 'return'
  const peek = await peekAt(expected.dataDir)
  const of = <T>(value: (peek: DbPeek) => T | undefined): Seen<T> => {
    const found = peek.is === 'seen' ? value(peek.value) : undefined
    if (found !== undefined) return seen(found)
    return unseen(peek.is === 'unseen' ? peek.why : 'its database does not tell')
  }
  // the version of the cluster is beside it in one bucket, and only a downgrade that was begun is written
  const cluster = of(({ etcdVersion }) => etcdVersion)
  const downgradeTo = of(({ downgradeTo }) => downgradeTo)
  return {
    way,
    alarms: of(({ raised }) => raised),
    auth: authOf(
      needs,
      way,
      of(({ authEnabled }) => authEnabled),
    ),
    learners: way === 'restore' ? absent : learnersOf(copy),
    downgradeTo: downgradeTo.is === 'seen' || cluster.is !== 'seen' ? downgradeTo : absent,
    version: { data: way === 'return' ? versionOf(copy) : cluster, runs: await versionToRun(world, needs) },
    size: {
      bytes: expected.size?.bytes ?? expected.dataBytes,
      inUse: expected.size ? seen(expected.size.inUseBytes) : unseen('this run began with an older version'),
      live: expected.dataBytes,
    },
    quotas: await Promise.all(
      seated(world, needs).map(async (host) => ({ node: host.name, quota: await quotaOf(world, host) })),
    ),
    memberId: copy?.memberId,
  }
}

/** A node that takes no seat runs none of it. */
const seated = ({ controlPlane }: World, { placement }: Known) =>
  placement === undefined
    ? controlPlane
    : controlPlane.filter(({ name }) => placement.seats.some(({ node }) => node === name))

async function peekAt(dataDir: string): Promise<Seen<DbPeek>> {
  try {
    const source = await openFileSource(join(dataDir, 'member', 'snap', 'db'))
    return seen(await peekDb(source).finally(() => source.close()))
  } catch (error) {
    return unseen(toRescueError(error).message)
  }
}

/** The directories themselves, and a backup that was there, are used as they are; the rest is made of the working copy. */
function authOf({ restored, expected }: Known, way: StateWay, now: Seen<boolean>): CarriedState['auth'] {
  if (expected.authOff || (restored?.authOff && way === 'return')) return seen('on')
  if (restored?.authOff) return seen('turned-off')
  return now.is === 'seen' ? seen(now.value ? 'on' : 'off') : now
}

/** A restore writes a new list, and `--force-new-cluster` too: only the copy as it was found has the old one. */
function learnersOf(copy: Known['copy']): Seen<string[]> {
  if (copy?.learners === undefined) return unseen('its database does not tell')
  const nameOf = (id: string) => copy.memberList?.find((one) => one.id === id)?.name || id
  return seen(copy.learners.map(nameOf))
}

/** Of the directories themselves: the etcd of the trial writes its own version into a database that has none. */
const versionOf = (copy: Known['copy']): Seen<string> =>
  copy?.etcdVersion === undefined ? unseen('its database does not tell') : seen(copy.etcdVersion)

async function versionToRun({ store }: World, { placement }: Known): Promise<Seen<string>> {
  if (placement !== undefined) return seen(placement.etcdVersion)
  try {
    const { spec } = await readControl(store)
    return spec.value ? seen(spec.value.etcdVersion) : unseen('the store has no cluster spec')
  } catch (error) {
    return unseen(toRescueError(error).message)
  }
}
