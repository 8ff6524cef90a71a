import type { Config } from '../config/index.ts'
import type { ObjectStore } from '../ports/object-store.ts'

/** The store of a URL. Region and endpoint are the config's; credentials come from kOps' variables or AWS' chain. */
export async function openBackupStore(
  url: string,
  { s3 }: Pick<Config, 's3'>,
  env: NodeJS.ProcessEnv,
): Promise<ObjectStore> {
  const { openStore } = await import('../adapters/open-store.ts')
  return openStore(url, { ...s3, env })
}
