import type { Config } from '../config/index.ts'
import type { OnCall } from '../ports/calls.ts'
import type { ObjectStore } from '../ports/object-store.ts'

/** The store of a URL. Region and endpoint are the config's; credentials come from kOps' variables or AWS' chain. */
export async function openBackupStore(url: string, { s3 }: Pick<Config, 's3'>, onCall?: OnCall): Promise<ObjectStore> {
  const { openStore } = await import('../adapters/open-store.ts')
  return openStore(url, { ...s3, ...(onCall === undefined ? {} : { onCall }) })
}
