import type { Emit } from '../engine/events.ts'

/** A listener of the engine that shows a run to people. */
export interface Screen {
  listen: Emit
  /** Before a question: takes everything that is redrawn off the screen. */
  pause(): void
  resume(): void
  /** After the last event: gives the terminal back. */
  end(): void
}
