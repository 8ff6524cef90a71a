import { z } from 'zod'

export interface Container {
  id: string
  /** The container's name in its pod: `etcd-manager`. */
  name: string
  pod: string
  createdAt: Date
  state: 'running' | 'exited' | 'other'
}

/** Ids go back to the node as arguments; nothing else than this is one. */
export const containerId = z.string().regex(/^[0-9a-zA-Z]{8,128}$/)
export const LIST_BYTES = 8 << 20

/** What is done with containers on a node, whichever program does it. */
export interface ContainerRuntime {
  /** The program, as it is called on the node. */
  readonly program: string
  /** Running containers of Kubernetes pods. */
  list(): Promise<Container[]>
  /** Those that have ended and are not removed yet. */
  listEnded(): Promise<Container[]>
  /** Removes some that have ended, with what they wrote into themselves. */
  remove(ids: readonly string[]): Promise<void>
  /**
   * Asks it to end, and kills it after the time. Returns when it was told so; it may be listed for a moment longer.
   * False when a dry run has withheld it.
   */
  stop(id: string, options: { timeoutSeconds: number; signal?: AbortSignal }): Promise<boolean>
  /** Its image as it was asked for, and the process on the node (0 when it does not run). */
  inspect(id: string): Promise<{ image: string; pid: number }>
  /** The output of a command that only reads, run inside. `okCodes`: of the program on the node; default 0. */
  exec(id: string, argv: readonly string[], okCodes?: readonly number[]): Promise<string>
}
