import type { StepContext } from '../../engine/step.ts'

/**
 * What the result is proved with at the end is looked at while nothing is stopped yet: without a client certificate no read
 * can tell whether etcd serves. `PRECONDITION` when no node has one that can be used; of single nodes it is said.
 */
export async function mustBeVerifiable({ world, note }: Pick<StepContext<unknown, unknown>, 'world' | 'note'>) {
  for (const { why } of (await world.live.mustBeReadable?.()) ?? [])
    note(`careful: ${why}: what its etcd holds cannot be compared`)
}
