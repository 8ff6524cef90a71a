import { RescueError } from '../errors/rescue-error.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import { fileStore } from './file/store.ts'
import type { S3Options } from './s3/options.ts'
import { s3Store } from './s3/store.ts'

export type StoreOptions = Omit<S3Options, 'url'>

/** The store of a URL, by its scheme: `s3://bucket/folder` or `file:///folder`. Opens nothing yet. */
export function openStore(url: string, options: StoreOptions = {}): ObjectStore {
  if (url.startsWith('s3://')) return s3Store({ ...options, url })
  if (url.startsWith('file://')) return fileStore(url, options.clock && { clock: options.clock })
  throw new RescueError('USAGE', `not a store: ${url}`, {
    hint: 'a store is s3://bucket/folder or file:///folder; the folder of another one can be copied to a disk, and named as file:///folder',
  })
}
