const VARINT = 0
const FIXED64 = 1
const BYTES = 2
const FIXED32 = 5

/**
 * The cluster token in etcd-manager's `state`: field 2 cluster { field 5 token } (FACTS 5). Only for telling which
 * directory is in use: what is no such message has no token, and that is an answer here.
 */
export function clusterToken(state: Buffer): string | undefined {
  const cluster = field(state, 2)
  const token = cluster && field(cluster, 5)?.toString('utf8')
  return token === undefined || token === '' ? undefined : token
}

/** The last field of this number that holds bytes, as protobuf has it; undefined for none or a damaged message. */
function field(message: Buffer, number: number): Buffer | undefined {
  let found: Buffer | undefined
  for (let at = 0; at < message.length; ) {
    const [key, afterKey] = varint(message, at)
    const kind = key % 8
    const [value, afterValue] = kind === VARINT || kind === BYTES ? varint(message, afterKey) : [0, afterKey]
    const end = afterValue + (kind === BYTES ? value : kind === FIXED64 ? 8 : kind === FIXED32 ? 4 : 0)
    const known = kind === VARINT || kind === BYTES || kind === FIXED64 || kind === FIXED32
    if (!known || !(end > at) || end > message.length) return undefined
    if (kind === BYTES && Math.floor(key / 8) === number) found = message.subarray(afterValue, end)
    at = end
  }
  return found
}

/** Value and where it ends; NaN for one that does not end within ten bytes. */
function varint(message: Buffer, at: number): [number, number] {
  let value = 0
  for (let index = 0; index < 10; index += 1) {
    const byte = message[at + index]
    if (byte === undefined) break
    value += (byte % 128) * 128 ** index
    if (byte < 128) return [value, at + index + 1]
  }
  return [Number.NaN, Number.NaN]
}
