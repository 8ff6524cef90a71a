import protobuf from 'protobufjs/minimal.js'
import type { Gateway } from '../etcd/gateway.ts'
import { allKeys } from '../etcd/kv.ts'

const MAGIC = 'k8s\0'
/** Wire type 2: a message or a string. */
const bytesOf = (field: number): number => (field << 3) | 2

/** What a kubelet looks at in a list of pods. */
export interface ListedPod {
  metadata: { namespace: string; name: string }
  spec: { nodeName: string }
}

/** The pods of a namespace, read from etcd now: an empty etcd lists nothing, and says so as if that were the truth. */
export async function listPods(etcd: Gateway, namespace: string): Promise<ListedPod[]> {
  const prefix = `/registry/pods/${namespace}/`
  const pods: ListedPod[] = []
  for await (const { key, value } of allKeys(etcd, prefix)) {
    const metadata = { namespace, name: key.toString('utf8').slice(prefix.length) }
    pods.push({ metadata, spec: { nodeName: nodeNameOf(value) } })
  }
  return pods
}

/** `spec.nodeName`: field 10 of field 2 of the object, which is field 2 of its envelope (k8s.io/api). */
function nodeNameOf(value: Buffer): string {
  if (!value.subarray(0, MAGIC.length).equals(Buffer.from(MAGIC))) return ''
  const object = fieldOf(value.subarray(MAGIC.length), 2)
  return Buffer.from(fieldOf(fieldOf(object, 2), 10)).toString('utf8')
}

function fieldOf(bytes: Uint8Array, field: number): Uint8Array {
  const reader = protobuf.Reader.create(bytes)
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    if (tag === bytesOf(field)) return reader.bytes()
    reader.skipType(tag & 7)
  }
  return new Uint8Array()
}
