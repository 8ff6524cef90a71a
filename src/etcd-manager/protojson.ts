/**
 * etcd-manager reads all its JSON with protojson: names in camelCase or snake_case, integers as numbers or as decimal
 * strings, `null` for absent, and **any unknown field is an error** (FACTS 3). What this reader accepts, etcd-manager
 * accepts as well; better to refuse here than in its restore loop.
 */
export type FieldKind = 'string' | 'int32' | 'int64' | Fields
export interface Fields {
  readonly [name: string]: FieldKind
}

type ValueOf<K> = K extends 'string'
  ? string
  : K extends 'int32'
    ? number
    : K extends 'int64'
      ? bigint
      : K extends Fields
        ? MessageOf<K>
        : never
export type MessageOf<F extends Fields> = { -readonly [N in keyof F]?: ValueOf<F[N]> }

const INT32_MAX = 2 ** 31 - 1
const INT64_MAX = 2n ** 63n - 1n

/** Reads one JSON object. Throws a plain `Error` that says what is wrong and where, without quoting values. */
export function readProtojson<const F extends Fields>(text: string, fields: F): MessageOf<F> {
  return readMessage(parse(text), fields, '') as MessageOf<F>
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error(text.trim() === '' ? 'the file is empty' : 'not JSON', { cause: error })
  }
}

function readMessage(value: unknown, fields: Fields, path: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`${path || 'the file'} is not a JSON object`)
  }
  const message: Record<string, unknown> = {}
  for (const [given, content] of Object.entries(value)) {
    const name = camel(given)
    const kind = Object.hasOwn(fields, name) ? fields[name] : undefined
    if (kind === undefined) throw new Error(`unknown field ${JSON.stringify(path + given.slice(0, 80))}`)
    if (Object.hasOwn(message, name)) throw new Error(`field ${path}${name} is given twice`)
    if (content !== null) message[name] = readField(content, kind, path + name)
  }
  return message
}

/** `etcd_version` to `etcdVersion`: the original proto name is as good as the JSON name. */
function camel(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

function readField(value: unknown, kind: FieldKind, path: string): unknown {
  if (typeof kind === 'object') return readMessage(value, kind, `${path}.`)
  if (kind === 'string') {
    if (typeof value !== 'string') throw new Error(`${path} is not a string`)
    return value
  }
  const integer = readInteger(value, path)
  const max = kind === 'int32' ? BigInt(INT32_MAX) : INT64_MAX
  if (integer > max || integer < -max - 1n) throw new Error(`${path} is out of range`)
  return kind === 'int32' ? Number(integer) : integer
}

function readInteger(value: unknown, path: string): bigint {
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value)
  if (typeof value === 'string' && /^-?\d{1,19}$/.test(value)) return BigInt(value)
  throw new Error(`${path} is not an integer`)
}
