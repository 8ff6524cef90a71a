import type { StepContext } from '../../engine/step.ts'
import { toRescueError, WithheldError } from '../../errors/rescue-error.ts'
import type { EtcdMinor } from '../../ports/etcd.ts'
import { takeFromNode } from './etcd-of-nodes.ts'
import { findRelease } from './members.ts'

/** Of a database that does not say which etcd wrote it: members that never saw their leader's version; 3.5 reads all of 3.4. */
const UNTOLD = '3.5'

/** `3.5` of `3.5.30`, or of nothing. */
export const minorOfData = (version: string | undefined): string =>
  version ? version.split('.').slice(0, 2).join('.') : UNTOLD

type Needs = Pick<StepContext<unknown, unknown>, 'world' | 'note' | 'signal'>

/**
 * The etcd that reads the data, looked for as soon as it is known which, at last on the nodes: `ETCD_MISSING` before anything
 * is copied or stopped, and not after it.
 */
export async function mustHaveEtcd(context: Needs, version: string | undefined): Promise<void> {
  const { world, note } = context
  const minor = minorOfData(version) as EtcdMinor
  try {
    await findRelease(world, minor).catch((error) => {
      if (toRescueError(error).code !== 'ETCD_MISSING' || error instanceof WithheldError) throw error
      return takeFromNode(context, minor, toRescueError(error))
    })
  } catch (error) {
    if (!(error instanceof WithheldError)) throw error
    note(`etcd ${minor} is not on this machine: a run gets it first, or takes it from --etcd-bin-dir DIR`)
  }
}
