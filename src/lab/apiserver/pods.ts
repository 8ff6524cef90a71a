import protobuf from 'protobufjs/minimal.js'
import type { Gateway } from '../etcd/gateway.ts'
import { allKeys } from '../etcd/kv.ts'

const MAGIC = 'k8s\0'
/** Wire type 2: a message or a string. */
const bytesOf = (field: number): number => (field << 3) | 2

/** Below it lies `<namespace>/<name>`. */
export const PODS = '/registry/pods/'

/** What a kubelet looks at in a list of pods. */
export interface ListedPod {
  metadata: { namespace: string; name: string; resourceVersion?: string }
  spec: { nodeName: string }
}

export interface PodList {
  /** The revision at which etcd was read. */
  metadata: { resourceVersion: string }
  items: ListedPod[]
}

/** The pods of a namespace, read from etcd now: an empty etcd lists nothing, and says so as if that were the truth. */
export async function listPods(etcd: Gateway, namespace: string): Promise<PodList> {
  let resourceVersion = ''
  const items: ListedPod[] = []
  const read = allKeys(etcd, `${PODS}${namespace}/`, (revision) => {
    resourceVersion = String(revision)
  })
  for await (const { key, value } of read) items.push(podOf(key.toString('utf8'), value))
  return { metadata: { resourceVersion }, items }
}

/** An object as it lies in etcd; nothing is known of its node when it was deleted. */
export function podOf(key: string, value: Buffer = Buffer.alloc(0), revision?: number): ListedPod {
  const [namespace = '', name = ''] = key.slice(PODS.length).split('/')
  const version = revision === undefined ? {} : { resourceVersion: String(revision) }
  return { metadata: { namespace, name, ...version }, spec: { nodeName: nodeNameOf(value) } }
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
