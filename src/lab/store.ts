import { openStore } from '../adapters/open-store.ts'
import type { ObjectStore } from '../ports/object-store.ts'

export interface S3Access {
  endpoint: string
  region: string
  accessKeyId: string
  secretAccessKey: string
}

/** The sandbox's backup store, on disk or behind its own S3 server. Nothing is taken from the environment. */
export function openLabStore(url: string, s3: S3Access | null): ObjectStore {
  if (s3 === null) return openStore(url)
  const { endpoint, region, accessKeyId, secretAccessKey } = s3
  return openStore(url, { endpoint, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } })
}
