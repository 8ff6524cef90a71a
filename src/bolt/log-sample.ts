import type { EtcdMember } from './etcd-meta.ts'
import { FieldReader } from './protobuf.ts'
import type { WalEntry } from './wal.ts'

const MAX_KEYS = 300
const MAX_MEMBERS = 100
/** Fields of etcd's request. */
const PUT = 4
const TXN = 6

/** Some of what a log says of its cluster, for where there is no database that would: members, and the first keys. */
export class LogSample {
  readonly keys: Buffer[] = []
  readonly members = new Map<string, EtcdMember>()

  take({ kind, isWrite, buffer, data: [start, end] }: WalEntry): void {
    try {
      if (kind === 1 && this.members.size < MAX_MEMBERS) this.takeMember(buffer, start, end)
      if (!isWrite || this.keys.length >= MAX_KEYS) return
      const key = keyIn(buffer, start, end)
      if (key) this.keys.push(Buffer.from(key))
    } catch {
      // an entry of another kind than these
    }
  }

  /** `raftpb.ConfChange`: 2 type, 3 the member's id, 4 the member as JSON, whose id is a number that JSON cannot hold. */
  private takeMember(buffer: Buffer, start: number, end: number): void {
    let id = ''
    let json = ''
    const reader = new FieldReader(buffer, start, end)
    while (reader.next()) {
      if (reader.field === 3) id = reader.big().toString(16)
      else if (reader.field === 4 && reader.start >= 0) json = buffer.toString('utf8', reader.start, reader.end)
    }
    const { name, peerURLs, clientURLs } = JSON.parse(json) as Record<string, unknown>
    const strings = (value: unknown) =>
      Array.isArray(value) ? value.filter((one) => typeof one === 'string').map((one) => one.slice(0, 300)) : []
    const text = typeof name === 'string' ? name.slice(0, 200) : ''
    this.members.set(id, { id, name: text, peerUrls: strings(peerURLs), clientUrls: strings(clientURLs) })
  }
}

/** Of a put, or of the first put of a transaction, as Kubernetes writes. */
function keyIn(buffer: Buffer, start: number, end: number): Buffer | undefined {
  const put = inner(buffer, start, end, PUT)
  if (put) return bytesIn(buffer, put, 1)
  const txn = inner(buffer, start, end, TXN)
  const success = txn && inner(buffer, ...txn, 2)
  const inTxn = success && inner(buffer, ...success, 2)
  return inTxn && bytesIn(buffer, inTxn, 1)
}

type Span = [start: number, end: number]

function inner(buffer: Buffer, start: number, end: number, field: number): Span | undefined {
  const reader = new FieldReader(buffer, start, end)
  while (reader.next()) if (reader.field === field && reader.start >= 0) return [reader.start, reader.end]
  return undefined
}

function bytesIn(buffer: Buffer, span: Span, field: number): Buffer | undefined {
  const found = inner(buffer, ...span, field)
  return found && buffer.subarray(...found)
}
