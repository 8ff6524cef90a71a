import { S3Error } from './s3-error.ts'

/** Reads lines and counted bytes from a stream of buffers, holding at most one of them. */
export class ByteReader {
  readonly #source: AsyncIterator<Buffer>
  #buffer: Buffer = Buffer.alloc(0)

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** Up to the next CRLF, without it; '' also at the end of the stream. */
  async line(maxBytes = 4096): Promise<string> {
    for (;;) {
      const at = this.#buffer.indexOf('\r\n')
      if (at >= 0) {
        const text = this.#buffer.subarray(0, at).toString()
        this.#buffer = this.#buffer.subarray(at + 2)
        return text
      }
      if (this.#buffer.length > maxBytes) throw new S3Error('InvalidArgument')
      if (!(await this.#more())) {
        const rest = this.#buffer.toString()
        this.#buffer = Buffer.alloc(0)
        return rest
      }
    }
  }

  async *bytes(count: number): AsyncGenerator<Buffer, void, undefined> {
    let left = count
    while (left > 0) {
      if (this.#buffer.length === 0 && !(await this.#more())) throw new S3Error('IncompleteBody')
      const piece = this.#buffer.subarray(0, left)
      this.#buffer = this.#buffer.subarray(piece.length)
      left -= piece.length
      if (piece.length > 0) yield piece
    }
  }

  async #more(): Promise<boolean> {
    const next = await this.#source.next()
    if (next.done) return false
    this.#buffer = this.#buffer.length === 0 ? next.value : Buffer.concat([this.#buffer, next.value])
    return true
  }
}
