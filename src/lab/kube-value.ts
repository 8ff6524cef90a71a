import protobuf from 'protobufjs/minimal.js'

/** An object as the API server keeps it in etcd. */
export interface Objekt {
  apiVersion: string
  kind: string
  name: string
  namespace?: string | undefined
  uid: string
  /** Unix seconds. */
  createdAt: number
  labels?: Record<string, string>
  annotations?: Record<string, string>
  owner?: { apiVersion: string; kind: string; name: string; uid: string }
  /** Writes what is special to the kind, from field 2 on. */
  content?: (writer: protobuf.Writer) => void
}

const BYTES = 2
const VARINT = 0
const tag = (field: number, wireType: number) => ((field << 3) | wireType) >>> 0

/** `k8s\0`, and the object in its envelope (field numbers of k8s.io/api and k8s.io/apimachinery). */
export function kubeValue(object: Objekt): Buffer {
  const writer = protobuf.Writer.create()
  message(writer, 1, () => text(text(writer, 1, object.apiVersion), 2, object.kind))
  message(writer, 2, () => {
    message(writer, 1, () => metadata(writer, object))
    object.content?.(writer)
  })
  text(text(writer, 3, ''), 4, '')
  return Buffer.concat([Buffer.from('k8s\0'), writer.finish()])
}

function metadata(
  writer: protobuf.Writer,
  { name, namespace, uid, createdAt, labels, annotations, owner }: Objekt,
): void {
  text(text(writer, 1, name), 2, '')
  text(text(text(text(writer, 3, namespace ?? ''), 4, ''), 5, uid), 6, '')
  message(writer, 8, () => writer.uint32(tag(1, VARINT)).int64(createdAt).uint32(tag(2, VARINT)).int32(0))
  textMap(writer, 11, labels ?? {})
  textMap(writer, 12, annotations ?? {})
  if (!owner) return
  message(writer, 13, () => {
    text(text(text(text(writer, 1, owner.kind), 3, owner.name), 4, owner.uid), 5, owner.apiVersion)
    writer.uint32(tag(6, VARINT)).bool(true)
  })
}

export function message(writer: protobuf.Writer, field: number, content: () => void): void {
  writer.uint32(tag(field, BYTES)).fork()
  content()
  writer.ldelim()
}

/** Strings are written even when they are empty, as Kubernetes does. */
export function text(writer: protobuf.Writer, field: number, value: string): protobuf.Writer {
  return writer.uint32(tag(field, BYTES)).string(value)
}

export function textMap(writer: protobuf.Writer, field: number, entries: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(entries)) message(writer, field, () => text(text(writer, 1, key), 2, value))
}

export function bytesMap(writer: protobuf.Writer, field: number, entries: Readonly<Record<string, Uint8Array>>): void {
  for (const [key, value] of Object.entries(entries))
    message(writer, field, () => text(writer, 1, key).uint32(tag(2, BYTES)).bytes(value))
}
