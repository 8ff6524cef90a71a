import { fileStore } from '../adapters/file/store.ts'
import { RescueError } from '../errors/rescue-error.ts'
import type { ObjectStore } from '../ports/object-store.ts'

export interface S3Access {
  endpoint: string
  region: string
  accessKeyId: string
  secretAccessKey: string
}

/** The sandbox's backup store. The S3 client is loaded only where it is needed. */
export async function openLabStore(url: string, s3: S3Access | null): Promise<ObjectStore> {
  if (s3 === null) return fileStore(url)
  throw new RescueError('BUG', 'the S3 client is not there yet', { hint: 'use --store file' })
}
