import { availableParallelism } from 'node:os'

/** Two to three times as fast as 6, and its result a sixth to a quarter larger. */
export const LEVEL = 1
export const BLOCK_BYTES = 1 << 20
/** Threads: one a core, at most 4. */
export const WORKERS = Math.min(4, availableParallelism())
