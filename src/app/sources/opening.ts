import type { Scratch } from '../../ports/scratch.ts'
import type { OpenedSource } from './types.ts'

/** What an opener needs beside the name. */
export interface Opener {
  scratch: Scratch
  signal: AbortSignal
  /** Bytes of a backup that were unpacked so far. */
  onBytes?: (bytes: number) => void
}

/** What an opener gives; the label and the count of bytes are the same for all of them. */
export interface Opening extends Omit<OpenedSource, 'label' | 'bytesRead'> {
  /** Where bytes are read other than through `db` and `wal`. */
  bytesRead?: () => number
  close(): Promise<void>
}
