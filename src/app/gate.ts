import type { ObjectStore } from '../ports/object-store.ts'
import type { Session } from './session.ts'

/** The same gate as in runs, for single commands: in a dry run a store lets reads through and withholds changes. */
export async function gated(session: Session, store: ObjectStore): Promise<ObjectStore> {
  if (!session.dryRun) return store
  const { withholdStore } = await import('../adapters/dry-run/index.ts')
  return withholdStore(store, () => {})
}
