/** One line of a known_hosts file. */
export interface KnownHostLine {
  marker: 'plain' | 'revoked' | 'cert-authority'
  /** As written: patterns with commas, or one hashed name `|1|salt|hash`. */
  hosts: string
  /** `ssh-ed25519`, `ssh-rsa`, … */
  type: string
  /** The key in SSH's wire form. */
  key: Buffer
  /** `file:line`, for messages. */
  where: string
}

const MARKERS = new Map<string, KnownHostLine['marker']>([
  ['@revoked', 'revoked'],
  ['@cert-authority', 'cert-authority'],
])

/** Reads known_hosts as sshd(8) describes it. Lines that make no sense are passed over, as OpenSSH does. */
export function parseKnownHosts(text: string, file: string): KnownHostLine[] {
  return text.split('\n').flatMap((line, index) => {
    const parsed = parseLine(line.trim(), `${file}:${index + 1}`)
    return parsed ? [parsed] : []
  })
}

function parseLine(line: string, where: string): KnownHostLine | undefined {
  if (line === '' || line.startsWith('#')) return undefined
  const fields = line.split(/[ \t]+/)
  const marker = line.startsWith('@') ? MARKERS.get(fields.shift() ?? '') : 'plain'
  const [hosts, type, base64] = fields
  if (marker === undefined || !hosts || !type || !base64) return undefined
  const key = Buffer.from(base64, 'base64')
  // the key says its own type; a line that contradicts it is not to be trusted
  return keyType(key) === type ? { marker, hosts, type, key, where } : undefined
}

/** The type that a public key in wire form names, or '' when it is not one. */
export function keyType(key: Buffer): string {
  if (key.length < 4) return ''
  const length = key.readUInt32BE(0)
  return length > 64 || key.length < 4 + length ? '' : key.toString('latin1', 4, 4 + length)
}
