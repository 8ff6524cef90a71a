import protobuf from 'protobufjs/minimal.js'
import type { StateNode } from './state-file.ts'

export interface StateChange {
  /** Of the directory below `data/` that etcd-manager is to start. */
  token: string
  etcdVersion: string
  /** All members. One that the old state has by this name stays as it is there. */
  nodes: readonly StateNode[]
}

/** A field as it stands in a message: its number and all of its bytes, tag included. */
interface RawField {
  number: number
  bytes: Uint8Array
  /** Of a length-delimited field: without tag and length. */
  content: Uint8Array
}

const NEW_CLUSTER = 1
const CLUSTER = 2
const ETCD_VERSION = 3
const QUARANTINED = 4
const TOKEN = 5
const NODES = 7
const NAME = 1
const BYTES = 2

/**
 * The `state` that makes etcd-manager start `data/<token>` as an existing member that serves at once: `new_cluster` and
 * `quarantined` are taken out, token, nodes and version are set, and every other field of `old` stays as it is, also
 * those that this tool does not know (etcd-manager's etcdapi.proto: EtcdState, EtcdCluster, EtcdNode). An `old` of no
 * bytes is what etcd-manager leaves when it has no cluster. Throws what protobufjs throws for what is no message.
 */
export function changeState(old: Uint8Array, { token, etcdVersion, nodes }: StateChange): Buffer {
  const fields = fieldsOf(old)
  const inside = fieldsOf(fields.findLast(({ number }) => number === CLUSTER)?.content ?? new Uint8Array())
  const known = inside.filter(({ number }) => number === NODES)
  const cluster = [
    ...without(inside, [TOKEN, NODES]),
    text(TOKEN, token),
    ...nodes.map((node) => known.find((field) => nameOf(field) === node.name)?.bytes ?? nodeField(node)),
  ]
  return Buffer.concat([
    field(CLUSTER, Buffer.concat(cluster)),
    text(ETCD_VERSION, etcdVersion),
    ...without(fields, [NEW_CLUSTER, CLUSTER, ETCD_VERSION, QUARANTINED]),
  ])
}

function nodeField({ name, peerUrls, clientUrls, quarantinedClientUrls, tlsEnabled }: StateNode): Uint8Array {
  const tls = tlsEnabled
    ? [
        protobuf.Writer.create()
          .uint32(5 << 3)
          .bool(true)
          .finish(),
      ]
    : []
  const urls = [peerUrls, clientUrls, quarantinedClientUrls].flatMap((some, at) => some.map((url) => text(2 + at, url)))
  return field(NODES, Buffer.concat([text(NAME, name), ...urls, ...tls]))
}

const field = (number: number, content: Uint8Array): Uint8Array =>
  protobuf.Writer.create()
    .uint32((number << 3) | BYTES)
    .bytes(content)
    .finish()
const text = (number: number, value: string) => field(number, Buffer.from(value))

function fieldsOf(message: Uint8Array): RawField[] {
  const reader = protobuf.Reader.create(message)
  const fields: RawField[] = []
  while (reader.pos < reader.len) {
    const start = reader.pos
    const key = reader.uint32()
    const type = key & 7
    const content = type === BYTES ? reader.bytes() : new Uint8Array()
    if (type !== BYTES) reader.skipType(type)
    fields.push({ number: key >>> 3, bytes: message.subarray(start, reader.pos), content })
  }
  return fields
}

const nameOf = ({ content }: RawField): string =>
  Buffer.from(fieldsOf(content).find(({ number }) => number === NAME)?.content ?? []).toString('utf8')

const without = (fields: readonly RawField[], numbers: readonly number[]): Uint8Array[] =>
  fields.filter(({ number }) => !numbers.includes(number)).map(({ bytes }) => bytes)
