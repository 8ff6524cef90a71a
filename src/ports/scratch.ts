/**
 * The run's own directory on this machine for what is secret: fetched members, snapshots, restored data.
 * 0700, its files 0600, on the operator's disk and nowhere else; `remove-secrets` empties it.
 * In a dry run every method but `peek`, `needRoom` and `boot`, which only look, is withheld: a dry run leaves nothing on disk.
 */
export interface Scratch {
  /** The absolute path of a directory below the scratch; made 0700 when missing. Parts are plain names, never `..`. */
  dir(...parts: string[]): Promise<string>
  /** The absolute path of a file below the scratch, its directory made. */
  file(...parts: string[]): Promise<string>
  /** The path without making anything. */
  peek(...parts: string[]): string
  /** Refuses with `DISK_FULL` unless this many bytes (and a reserve) are free. */
  needRoom(bytes: number): Promise<void>
  /** Changes when this machine is started again; undefined where that can't be told. */
  boot(): Promise<string | undefined>
  removeAll(): Promise<Emptied>
}

/** What was removed. */
export interface Emptied {
  files: number
  bytes: number
}
