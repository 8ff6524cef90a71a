/**
 * Reads the fields of one protobuf message without copying. Throws a plain `Error` for what cannot be one; callers say
 * where it was. A scan reads millions of small messages, so this makes no objects of its own.
 */
export class FieldReader {
  field = 0
  /** The value of a varint or fixed field; exact below 2^53, as two halves always. */
  value = 0
  low = 0
  high = 0
  /** Where a length-delimited field's content begins and ends; `start` is -1 for all others. */
  start = -1
  end = -1
  private buffer: Uint8Array
  private at: number
  private limit: number

  constructor(buffer: Uint8Array, from = 0, to = buffer.length) {
    this.buffer = buffer
    this.at = from
    this.limit = to
  }

  /** Begins with another message, without a new reader. */
  reset(buffer: Uint8Array, from: number, to: number): void {
    this.buffer = buffer
    this.at = from
    this.limit = to
  }

  /** Moves to the next field; false at the end. */
  next(): boolean {
    if (this.at >= this.limit) return false
    this.varint()
    this.field = Math.floor(this.value / 8)
    const wireType = this.low & 7
    this.start = -1
    if (this.field === 0) throw new Error('a field has the number 0')
    if (wireType === 0) this.varint()
    else if (wireType === 2) this.bytes()
    else if (wireType === 1) this.fixed(8)
    else if (wireType === 5) this.fixed(4)
    else throw new Error(`a field has the unknown type ${wireType}`)
    return true
  }

  /** The value as an unsigned 64-bit integer. */
  big(): bigint {
    return (BigInt(this.high) << 32n) | BigInt(this.low)
  }

  private varint(): void {
    let low = 0
    let high = 0
    for (let shift = 0; ; shift += 7) {
      if (this.at >= this.limit || shift > 63) throw new Error('a number is cut')
      const byte = this.buffer[this.at++] ?? 0
      const bits = byte & 0x7f
      if (shift < 28) low |= bits << shift
      else if (shift === 28) {
        low |= bits << 28
        high = bits >> 4
      } else high |= bits << (shift - 32)
      if (byte < 0x80) break
    }
    this.low = low >>> 0
    this.high = high >>> 0
    this.value = this.high * 2 ** 32 + this.low
  }

  private bytes(): void {
    this.varint()
    if (this.value > this.limit - this.at) throw new Error('a field is cut')
    this.start = this.at
    this.at += this.value
    this.end = this.at
  }

  private fixed(size: number): void {
    if (size > this.limit - this.at) throw new Error('a field is cut')
    this.at += size
    this.value = 0
  }
}
