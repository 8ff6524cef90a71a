import { badPage, isDamage } from './damage.ts'
import { type KvRecord, readRevision } from './kv.ts'
import { ELEMENT_BYTES, HEADER_BYTES, type Page } from './page.ts'
import { FieldReader } from './protobuf.ts'

/** One record of the bucket `key` in place. One view serves a whole pass, so that millions of records make no objects. */
export class RecordView {
  body: Buffer = Buffer.alloc(0)
  main = 0
  tombstone = false
  /** No record: etcdutl leaves one of no bytes at the revision to which it has bumped a database that it restored. */
  isMark = false
  keyStart = 0
  keyEnd = 0
  valueStart = 0
  valueEnd = 0
  createRevision = 0
  version = 0
  /** Decimal string; '0' means none. */
  lease = '0'
  private readonly reader = new FieldReader(this.body)

  /** Moves to an element of a leaf that `checkLeaf` let pass. `COPY_CORRUPT` for what is no record of its revision. */
  moveTo(page: Page, index: number): void {
    const { body } = page
    const at = HEADER_BYTES + index * ELEMENT_BYTES
    const start = at + body.readUInt32LE(at + 4)
    const end = start + body.readUInt32LE(at + 8)
    this.body = body
    try {
      if (body.readUInt32LE(at) !== 0) throw new Error('a key is a bucket')
      const { main, tombstone } = readRevision(body, start, end)
      this.main = main
      this.tombstone = tombstone
      const length = body.readUInt32LE(at + 12)
      this.isMark = length === 0 && !tombstone
      if (this.isMark) return
      const mod = this.readFields(end, end + length)
      if (!tombstone && mod !== main) throw new Error(`the record of revision ${main} says that it is of ${mod}`)
    } catch (error) {
      throw isDamage(error) ? error : badPage(page.id, error instanceof Error ? error.message : String(error))
    }
  }

  /** Bytes of key and value. */
  get bytes(): number {
    return this.keyEnd - this.keyStart + this.valueEnd - this.valueStart
  }

  /** As an object of its own, whose buffers are views of the page. */
  toKv(): KvRecord {
    const { body, keyStart, keyEnd, valueStart, valueEnd, createRevision, main, version, lease } = this
    const key = body.subarray(keyStart, keyEnd)
    return { key, value: body.subarray(valueStart, valueEnd), createRevision, modRevision: main, version, lease }
  }

  /** The fields of an `mvccpb.KeyValue`; gives its mod revision. */
  private readFields(from: number, to: number): number {
    const { reader } = this
    reader.reset(this.body, from, to)
    this.keyStart = this.keyEnd = this.valueStart = this.valueEnd = this.createRevision = this.version = 0
    this.lease = '0'
    let mod = 0
    while (reader.next()) {
      const { field, value } = reader
      if (field <= 6 && reader.start >= 0 !== (field === 1 || field === 5))
        throw new Error(`a record's field ${field} has the wrong type`)
      if (field === 1) {
        this.keyStart = reader.start
        this.keyEnd = reader.end
      } else if (field === 2) this.createRevision = value
      else if (field === 3) mod = value
      else if (field === 4) this.version = value
      else if (field === 5) {
        this.valueStart = reader.start
        this.valueEnd = reader.end
      } else if (field === 6 && value !== 0) this.lease = String(BigInt.asIntN(64, reader.big()))
    }
    if (this.keyEnd === this.keyStart) throw new Error('a record has no key')
    return mod
  }
}
