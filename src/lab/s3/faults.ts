import type { S3ErrorCode } from './s3-error.ts'

/** What of a request a fault is chosen by. */
export interface Asked {
  /** S3's name of it: `PutObject`, `UploadPart`, … */
  operation: string
  bucket: string
  key: string
}

type FaultKind =
  /** Answers with an error and reads no body. */
  | { kind: 'answer'; code: S3ErrorCode }
  /** Closes the connection after this many bytes of the request's body. */
  | { kind: 'cut-upload'; at: number }
  /** Closes the connection after this many bytes of the answer's body. */
  | { kind: 'cut-download'; at: number }
  /** Changes one byte of the answer's body. */
  | { kind: 'wrong-bytes'; at: number }
  /** Waits before it answers. */
  | { kind: 'slow'; ms: number }
  /** Stores, and closes the connection without an answer. */
  | { kind: 'lose-answer' }
  /** Behaves like a store that has no conditional writes. */
  | { kind: 'ignore-conditions' }

export type Fault = FaultKind & {
  /** How often; default once. `Infinity` until `clear`. */
  times?: number
  when?: (asked: Asked) => boolean
}

/** The faults that are waiting to happen. The first one that fits a request happens to it. */
export class Faults {
  #waiting: { fault: Fault; left: number }[] = []

  add(fault: Fault): void {
    this.#waiting.push({ fault, left: fault.times ?? 1 })
  }

  clear(): void {
    this.#waiting = []
  }

  /** Takes the fault that happens to this request, if any. */
  take(asked: Asked): Fault | undefined {
    const found = this.#waiting.find(({ fault }) => fault.when?.(asked) ?? true)
    if (!found) return undefined
    found.left -= 1
    if (found.left <= 0) this.#waiting = this.#waiting.filter((waiting) => waiting !== found)
    return found.fault
  }
}
