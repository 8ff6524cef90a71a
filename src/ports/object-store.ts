import type { Readable } from 'node:stream'

export interface ObjectInfo {
  /** Relative to the store's URL, never with a leading slash. */
  key: string
  size: number
  modifiedAt: Date
  /** Opaque; changes when the content does (an S3 ETag). Used for `ifVersion`. */
  version: string
  /**
   * Present when it cannot be read before it was restored from an archive class. A listing does not know of restored
   * copies; `head` does.
   */
  archived?: Archived
}

export interface Archived {
  /** The restore was asked for and goes on. */
  isRestoring: boolean
  /** What the operator does about it, with the command to paste. */
  hint: string
}

export interface WriteOptions {
  /** Only when no object has this key: else `STORE_CONFLICT`. Atomic against other writers. */
  ifAbsent?: boolean
  /** Only when the object is still this version: else `STORE_CONFLICT`. Atomic against other writers. */
  ifVersion?: string
  signal?: AbortSignal
}

export interface UploadOptions {
  /** Called with bytes sent so far. */
  onProgress?: (bytes: number) => void
  ifAbsent?: boolean
  signal?: AbortSignal
}

/**
 * One folder of an S3 bucket or of a file system: the backup store of one etcd cluster.
 *
 * - A reader never sees half an object: an upload appears whole or not at all, and one that failed or was aborted
 *   leaves nothing behind (no parts, no `.part` file).
 * - `read`, `stream`, `head` of a missing key: `OBJECT_MISSING` for the first two, `undefined` for `head`.
 * - What is wrong with one object alone is `OBJECT_ARCHIVED`, `OBJECT_UNREADABLE` or `STORE_CORRUPT`, and keeps nothing
 *   else from being read; a listing names it like any other.
 * - Errors are `RescueError`s with a `STORE_*` code; passing ones (503, reset) were retried with back-off before.
 * - Changes are `write`, `upload`, `remove`; all else reads. The dry-run gate withholds the changes.
 */
export interface ObjectStore {
  /**
   * Whether `ifAbsent` and `ifVersion` keep others out: what a lock relies on. Finds out with an object of its own, which it
   * removes. Absent where it is so by nature.
   */
  hasConditions?(): Promise<boolean>
  /** The time of the store's own clock, which is one for all who use it; undefined where it does not tell. */
  now?(): Promise<Date | undefined>
  /** As the operator wrote it, for messages: `s3://bucket/prefix` or `file:///dir`. No trailing slash. */
  readonly url: string
  /** All objects below a prefix, sorted by key. Stops with `STORE_CORRUPT` beyond `limit` (default 100,000). */
  list(prefix: string, options?: { limit?: number; signal?: AbortSignal }): Promise<ObjectInfo[]>
  /** The names of the folders directly below a prefix ('' for the top), without slashes, sorted. */
  listFolders(prefix: string, options?: { signal?: AbortSignal }): Promise<string[]>
  head(key: string): Promise<ObjectInfo | undefined>
  /** A small object, whole. More than `maxBytes` (default 1 MiB) is `STORE_CORRUPT`. */
  read(key: string, options?: { maxBytes?: number; signal?: AbortSignal }): Promise<{ body: Buffer; version: string }>
  stream(key: string, options?: { start?: number; end?: number; signal?: AbortSignal }): Promise<Readable>
  write(key: string, body: Buffer, options?: WriteOptions): Promise<{ version: string }>
  /** A stream of unknown length, in bounded memory. Checksummed on the way where the store can. */
  upload(key: string, body: Readable, options?: UploadOptions): Promise<{ bytes: number; version: string }>
  /** Removing what is not there is fine. With `ifVersion`, a changed object is `STORE_CONFLICT`. */
  remove(key: string, options?: { ifVersion?: string; allVersions?: boolean }): Promise<void>
}
