import { type Decoded, decodeMessage, type Message } from './decode-message.ts'
import { whole } from './shapes.ts'

/** What an object says of itself, whatever its kind. Text is as stored: hostile until it is cleaned. */
export interface KubeObject {
  encoding: 'protobuf' | 'json' | 'encrypted' | 'unknown'
  /** Of an encrypted one: `aescbc` and the name of the key in the API server's EncryptionConfiguration. */
  encryption?: { provider: string; keyName: string }
  apiVersion?: string
  kind?: string
  namespace?: string
  name?: string
  uid?: string
  /** RFC 3339. */
  createdAt?: string
  deletedAt?: string
  labels: Readonly<Record<string, string>>
  owner?: { kind: string; name: string; uid: string }
}

/** Before the protobuf envelope of Kubernetes' own kinds (apimachinery, runtime/serializer/protobuf). */
const PROTOBUF = Buffer.from('k8s\0')
/** Before a value that is encrypted at rest (apiserver, storage/value). */
const ENCRYPTED = /^k8s:enc:([a-z0-9]{1,40}):v\d{1,3}:([^:]{1,253}):/

interface Opened extends Decoded {
  encoding: 'protobuf' | 'json'
  apiVersion: string
  kind: string
}

/** Identity of an object in etcd: protobuf, JSON, encrypted or nothing known. Never throws, whatever the bytes are. */
export function decodeObject(value: Buffer): KubeObject {
  const encryption = encryptionOf(value)
  if (encryption) return { encoding: 'encrypted', encryption, labels: {} }
  const opened = openValue(value, 'Object')
  if (!opened) return { encoding: 'unknown', labels: {} }
  const { encoding, apiVersion, kind, message } = opened
  return { encoding, ...given({ apiVersion, kind }), ...identity(recordOf(message.metadata)) }
}

/** A Pod's node and phase, as far as the value tells. */
export function decodePod(value: Buffer): { nodeName?: string; phase?: string } {
  const opened = openValue(value, 'Pod')
  if (opened?.kind !== 'Pod') return {}
  const nodeName = textOf(recordOf(opened.message.spec).nodeName)
  const phase = textOf(recordOf(opened.message.status).phase)
  return given({ nodeName, phase })
}

/** Everything that is known of a Node's shape; `undefined` when the value is none. */
export function decodeNode(value: Buffer): Message | undefined {
  const opened = openValue(value, 'Node')
  return opened?.kind === 'Node' ? opened.message : undefined
}

/** A Lease with who holds it and since when; `undefined` when the value is none. */
export function decodeLease(value: Buffer): Message | undefined {
  const opened = openValue(value, 'Lease')
  return opened?.kind === 'Lease' ? opened.message : undefined
}

export interface WholeObject {
  apiVersion: string
  kind: string
  /** As stored, with `metadata`; without `status`. */
  message: Message
  /** Fields of a newer Kubernetes than this tool knows: they are not in `message`. */
  unknownFields: number
}

/** The object as YAML would have it, where its kind is decoded whole: JSON always is. `undefined` otherwise. */
export function decodeWhole(value: Buffer): WholeObject | undefined {
  if (encryptionOf(value)) return undefined
  const head = openValue(value, 'Nothing')
  if (!head || head.kind === '') return undefined
  const { apiVersion, kind, encoding } = head
  if (encoding === 'json') return { apiVersion, kind, message: head.message, unknownFields: 0 }
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
  if (!Object.hasOwn(whole, kind) || whole[kind] !== group) return undefined
  const opened = openValue(value, kind)
  return opened && { apiVersion, kind, message: opened.message, unknownFields: opened.unknownFields }
}

function encryptionOf(value: Buffer): KubeObject['encryption'] {
  const [, provider, keyName] = ENCRYPTED.exec(value.toString('latin1', 0, 320)) ?? []
  return provider === undefined || keyName === undefined ? undefined : { provider, keyName }
}

/** Opens the envelope and reads the object in it by a shape; for JSON all of it is read. */
function openValue(value: Buffer, shape: string): Opened | undefined {
  try {
    if (value.subarray(0, PROTOBUF.length).equals(PROTOBUF)) return openProtobuf(value.subarray(PROTOBUF.length), shape)
    return value[0] === 0x7b ? openJson(value) : undefined
  } catch {
    return undefined
  }
}

function openProtobuf(content: Buffer, shape: string): Opened {
  const { message } = decodeMessage('Unknown', content)
  const type = recordOf(message.typeMeta)
  const raw = message.raw instanceof Uint8Array ? message.raw : new Uint8Array()
  const [apiVersion, kind] = [textOf(type.apiVersion) ?? '', textOf(type.kind) ?? '']
  return { encoding: 'protobuf', apiVersion, kind, ...decodeMessage(shape, raw) }
}

const MAX_JSON_DEPTH = 100

function openJson(value: Buffer): Opened | undefined {
  const parsed: unknown = JSON.parse(value.toString('utf8'))
  if (!isShallow(parsed, MAX_JSON_DEPTH)) return undefined
  const message = recordOf(parsed)
  const [apiVersion, kind] = [textOf(message.apiVersion) ?? '', textOf(message.kind) ?? '']
  return { encoding: 'json', apiVersion, kind, message, unknownFields: 0 }
}

/** What prints it later goes down by calls, and must come back. */
function isShallow(value: unknown, left: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return left > 0 && Object.values(value).every((one) => isShallow(one, left - 1))
}

function identity(metadata: Message): Omit<KubeObject, 'encoding'> {
  const owners = Array.isArray(metadata.ownerReferences) ? metadata.ownerReferences.map(recordOf) : []
  const owner = owners.find(({ controller }) => controller === true) ?? owners[0]
  return {
    labels: textsOf(metadata.labels),
    ...given({
      namespace: textOf(metadata.namespace),
      name: textOf(metadata.name),
      uid: textOf(metadata.uid),
      createdAt: textOf(metadata.creationTimestamp),
      deletedAt: textOf(metadata.deletionTimestamp),
    }),
    ...(owner && {
      owner: { kind: textOf(owner.kind) ?? '', name: textOf(owner.name) ?? '', uid: textOf(owner.uid) ?? '' },
    }),
  }
}

export function recordOf(value: unknown): Message {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Message) : {}
}

export const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

function textsOf(value: unknown): Record<string, string> {
  const texts = Object.entries(recordOf(value)).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  )
  return Object.fromEntries(texts)
}

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

function given<T extends object>(fields: T): Given<T> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== ''),
  ) as Given<T>
}
