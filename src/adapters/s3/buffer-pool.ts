/** Buffers of parts, used again: large ones are freed late by the collector, and memory would climb. */
export class BufferPool {
  readonly #free: Buffer[] = []

  take(size: number): Buffer {
    const at = this.#free.findIndex((b) => b.length === size)
    return at < 0 ? Buffer.allocUnsafeSlow(size) : (this.#free.splice(at, 1)[0] as Buffer)
  }

  /** Only after nobody reads the buffer any more. A shortened last part is not worth keeping. */
  give(buffer: Buffer): void {
    if (buffer.byteLength === buffer.buffer.byteLength) this.#free.push(buffer)
  }
}
