import type { Config } from '../config/index.ts'
import type { ObjectStore } from '../ports/object-store.ts'

/** The store of a URL. Region, endpoint, encryption and checksums are the config's; credentials come from kOps' variables or AWS' chain. */
export async function openBackupStore(
  url: string,
  { s3 }: Pick<Config, 's3'>,
  env: NodeJS.ProcessEnv,
): Promise<ObjectStore> {
  const { openStore } = await import('../adapters/open-store.ts')
  const { encryption: mode, kmsKeyId, ...rest } = s3
  const sse = mode === undefined ? {} : { sse: { mode, ...(kmsKeyId === undefined ? {} : { kmsKeyId }) } }
  return openStore(url, { ...rest, ...sse, env })
}
