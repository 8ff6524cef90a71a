import protobuf from 'protobufjs/minimal.js'

/** What is looked at of an etcd's `WatchResponse`. */
export interface WatchAnswer {
  /** Lower-case hex. */
  clusterId: string
  /** Of the header: how far this member is. */
  revision: number
  events: number
  canceled: boolean
  /** Above 0: what was asked for is compacted. */
  compactRevision: number
}

const VARINT = 0
const BYTES = 2
const tag = (field: number, type: number) => (field << 3) | type
const ALL = Uint8Array.of(0)

/** `WatchRequest` with a create request for all keys from a revision on; 0 is now. */
export function encodeCreate(startRevision: number): Buffer {
  const writer = protobuf.Writer.create()
  writer.uint32(tag(1, BYTES)).fork()
  writer.uint32(tag(1, BYTES)).bytes(ALL).uint32(tag(2, BYTES)).bytes(ALL)
  writer.uint32(tag(3, VARINT)).int64(startRevision).ldelim()
  return Buffer.from(writer.finish())
}

export function decodeAnswer(bytes: Buffer): WatchAnswer {
  const answer: WatchAnswer = { clusterId: '', revision: 0, events: 0, canceled: false, compactRevision: 0 }
  const reader = protobuf.Reader.create(bytes)
  while (reader.pos < reader.len) {
    const at = reader.uint32()
    if (at === tag(1, BYTES)) decodeHeader(reader, reader.uint32() + reader.pos, answer)
    else if (at === tag(4, VARINT)) answer.canceled = reader.bool()
    else if (at === tag(5, VARINT)) answer.compactRevision = Number(reader.int64())
    else {
      if (at === tag(11, BYTES)) answer.events += 1
      reader.skipType(at & 7)
    }
  }
  return answer
}

function decodeHeader(reader: protobuf.Reader, end: number, answer: WatchAnswer): void {
  while (reader.pos < end) {
    const at = reader.uint32()
    if (at === tag(1, VARINT)) answer.clusterId = BigInt(reader.uint64().toString()).toString(16)
    else if (at === tag(3, VARINT)) answer.revision = Number(reader.int64())
    else reader.skipType(at & 7)
  }
}
