import protobuf from 'protobufjs/minimal.js'
import { type Field, type FieldType, type Shape, shapes } from './shapes.ts'

export type Message = Record<string, unknown>

export interface Decoded {
  message: Message
  /** Fields that the shape does not list: of a newer Kubernetes, or left out of a partial shape on purpose. */
  unknownFields: number
}

const MAX_DEPTH = 20
/** Of one object; etcd's largest value holds no more that makes sense. */
const MAX_FIELDS = 200_000

interface Pass {
  fields: number
  unknown: number
}

/**
 * Reads one message by its shape into a plain object as YAML has it: bytes as base64, times as RFC 3339. Fields that are
 * empty are left out, since Kubernetes writes them all. Throws a plain `Error` for what cannot be such a message.
 */
export function decodeMessage(shape: string, content: Uint8Array): Decoded {
  const pass = { fields: 0, unknown: 0 }
  const message = readMessage(shape, protobuf.Reader.create(content), content.length, pass, 0)
  return { message, unknownFields: pass.unknown }
}

function readMessage(name: string, reader: protobuf.Reader, end: number, pass: Pass, depth: number): Message {
  if (depth > MAX_DEPTH) throw new Error('it is nested too deep')
  if (end > reader.len) throw new Error('a field is cut')
  const shape: Shape = shapes[name] ?? {}
  // entries, not properties: a key can be __proto__
  const fields = new Map<string, unknown>()
  while (reader.pos < end) {
    if (++pass.fields > MAX_FIELDS) throw new Error('it has too many fields')
    const tag = reader.uint32()
    const field = shape[tag >>> 3]
    if (!field || !fits(field, tag & 7)) {
      if (!field) pass.unknown++
      reader.skipType(tag & 7)
    } else take(fields, field, reader, pass, depth)
  }
  if (reader.pos !== end) throw new Error('a field is cut')
  return Object.fromEntries(
    [...fields].map(([key, value]) => [key, value instanceof Map ? Object.fromEntries(value) : value]),
  )
}

const VARINT = 0
const BYTES = 2

function fits({ type, map }: Field, wireType: number): boolean {
  if (type === 'ignored') return false
  return wireType === (!map && (type === 'bool' || type === 'int') ? VARINT : BYTES)
}

function take(fields: Map<string, unknown>, field: Field, reader: protobuf.Reader, pass: Pass, depth: number): void {
  const { name, type, repeated, map } = field
  if (map) {
    const [key, value] = readEntry(type, reader, pass, depth)
    const known = fields.get(name)
    if (known instanceof Map) known.set(key, value)
    else fields.set(name, new Map([[key, value]]))
    return
  }
  const value = readValue(type, reader, pass, depth)
  if (repeated) {
    const known = fields.get(name)
    if (Array.isArray(known)) known.push(value)
    else fields.set(name, [value])
  } else if (value !== '' && value !== 0 && value !== undefined) fields.set(name, value)
}

/** A map is a list of messages of a key and a value; either may be left out. */
function readEntry(type: FieldType, reader: protobuf.Reader, pass: Pass, depth: number): [string, unknown] {
  const end = endOf(reader)
  let key = ''
  let value: unknown = ''
  while (reader.pos < end) {
    if (++pass.fields > MAX_FIELDS) throw new Error('it has too many fields')
    const tag = reader.uint32()
    if (tag >>> 3 === 1 && (tag & 7) === BYTES) key = reader.string()
    else if (tag >>> 3 === 2 && (tag & 7) === BYTES) value = readValue(type, reader, pass, depth)
    else reader.skipType(tag & 7)
  }
  if (reader.pos !== end) throw new Error('a map is cut')
  return [key, value]
}

function endOf(reader: protobuf.Reader): number {
  const length = reader.uint32()
  const end = reader.pos + length
  if (end > reader.len) throw new Error('a field is cut')
  return end
}

function readValue(type: FieldType, reader: protobuf.Reader, pass: Pass, depth: number): unknown {
  if (type === 'string') return reader.string()
  if (type === 'raw') return reader.bytes()
  if (type === 'bytes') return Buffer.from(reader.bytes()).toString('base64')
  if (type === 'bool') return reader.bool()
  if (type === 'int') return Number(reader.int64())
  if (typeof type === 'object') {
    const end = endOf(reader)
    return readMessage(type.of, reader, end, pass, depth + 1)
  }
  return special(type, numbersAndText(reader))
}

/** Fields 1 and 2 as numbers, and the text of field 1 or 3: enough for the types that Kubernetes writes specially. */
function numbersAndText(reader: protobuf.Reader): { one: number; two: number; text?: string } {
  const end = endOf(reader)
  const found: ReturnType<typeof numbersAndText> = { one: 0, two: 0 }
  while (reader.pos < end) {
    const tag = reader.uint32()
    const [field, wireType] = [tag >>> 3, tag & 7]
    if (wireType === VARINT && field === 1) found.one = Number(reader.int64())
    else if (wireType === VARINT && field === 2) found.two = Number(reader.int64())
    else if (wireType === BYTES && (field === 1 || field === 3)) found.text = reader.string()
    else reader.skipType(wireType)
  }
  if (reader.pos !== end) throw new Error('a field is cut')
  return found
}

function special(type: FieldType, { one, two, text = '' }: ReturnType<typeof numbersAndText>): unknown {
  if (type === 'time') return timeOf(one)
  if (type === 'int-or-string') return one === 0 ? two : text
  return text
}

/** Undefined for the zero time, which Kubernetes writes as an empty message. */
function timeOf(seconds: number): string | undefined {
  const at = new Date(seconds * 1000)
  if (seconds === 0 || Number.isNaN(at.getTime())) return undefined
  return at.toISOString().replace('.000Z', 'Z')
}
