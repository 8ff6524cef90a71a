import type { Effect } from './remote-host.ts'

/** One call on a port, for the screens: `$ …` when it ran, `! …` when a dry run withheld it; both with `--verbose`. Never holds stdin or keys. */
export interface Call {
  /** A node's name, a store's URL, `this machine`, `etcd`. */
  where: string
  effect: Effect
  withheld: boolean
  line: string
}

export type OnCall = (call: Call) => void
