import { createHmac, timingSafeEqual } from 'node:crypto'
import type { KnownHostLine } from './parse.ts'

/** What known_hosts says about one host. */
export interface KnownHost {
  /** The name that was looked up: `host`, or `[host]:port` where the port is not 22. */
  name: string
  plain: KnownHostLine[]
  revoked: KnownHostLine[]
  authorities: KnownHostLine[]
}

export type Verdict =
  | { kind: 'known' }
  | { kind: 'unknown' }
  | { kind: 'changed'; where: string; sameType: boolean }
  | { kind: 'revoked'; where: string }

export function lookupName(host: string, port: number): string {
  const lower = host.toLowerCase()
  return port === 22 ? lower : `[${lower}]:${port}`
}

export function findHost(lines: readonly KnownHostLine[], host: string, port: number): KnownHost {
  const name = lookupName(host, port)
  const { named, others } = indexOf(lines)
  const about = [...(named.get(name) ?? []), ...others.filter(({ line }) => matchesHost(line.hosts, name))]
    .sort((a, b) => a.at - b.at)
    .map(({ line }) => line)
  const of = (marker: KnownHostLine['marker']) => about.filter((line) => line.marker === marker)
  return { name, plain: of('plain'), revoked: of('revoked'), authorities: of('cert-authority') }
}

interface At {
  line: KnownHostLine
  at: number
}

interface Index {
  /** Lines that name hosts and nothing else, by each name. */
  named: Map<string, At[]>
  /** Hashed lines and patterns. */
  others: At[]
}

const indexes = new WeakMap<readonly KnownHostLine[], Index>()

function indexOf(lines: readonly KnownHostLine[]): Index {
  const known = indexes.get(lines)
  if (known) return known
  const made: Index = { named: new Map(), others: [] }
  for (const [at, line] of lines.entries()) {
    if (/^\||[*?!]/.test(line.hosts)) made.others.push({ line, at })
    else for (const name of new Set(line.hosts.toLowerCase().split(','))) atName(made, name).push({ line, at })
  }
  indexes.set(lines, made)
  return made
}

function atName({ named }: Index, name: string): At[] {
  const known = named.get(name) ?? []
  named.set(name, known)
  return known
}

/**
 * Judges the key that a host showed. A revoked key is refused whatever else is said about it. A key of a type that is
 * not known for a host with known keys counts as changed: known types are offered first (`hostKeyAlgorithms`), so the
 * host does not have the known key any more, or it is another host.
 */
export function judgeKey(known: KnownHost, key: Buffer, type: string): Verdict {
  const revoked = known.revoked.find((line) => line.key.equals(key))
  if (revoked) return { kind: 'revoked', where: revoked.where }
  if (known.plain.some((line) => line.key.equals(key))) return { kind: 'known' }
  const other = known.plain.find((line) => line.type === type) ?? known.plain[0]
  return other ? { kind: 'changed', where: other.where, sameType: other.type === type } : { kind: 'unknown' }
}

/** Whether a line's host field is about this name: hashed, or patterns with `*`, `?` and `!`. */
export function matchesHost(hosts: string, name: string): boolean {
  if (hosts.startsWith('|')) return matchesHash(hosts, name)
  let matched = false
  for (const pattern of hosts.toLowerCase().split(',')) {
    if (pattern.startsWith('!')) {
      if (matchesPattern(pattern.slice(1), name)) return false
    } else if (matchesPattern(pattern, name)) matched = true
  }
  return matched
}

function matchesHash(hosts: string, name: string): boolean {
  const [, version, salt, hash] = hosts.split('|')
  if (version !== '1' || !salt || !hash) return false
  const want = Buffer.from(hash, 'base64')
  const got = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest()
  return want.length === got.length && timingSafeEqual(want, got)
}

/** Two pointers with one step back: linear enough for any line, unlike a regular expression of stars. */
function matchesPattern(pattern: string, name: string): boolean {
  let p = 0
  let star = -1
  let from = 0
  for (let n = 0; n < name.length; ) {
    const want = pattern[p]
    if (want === '*') {
      star = p
      from = n
      p += 1
    } else if (want === '?' || want === name[n]) {
      p += 1
      n += 1
    } else if (star >= 0) {
      p = star + 1
      from += 1
      n = from
    } else return false
  }
  while (pattern[p] === '*') p += 1
  return p === pattern.length
}
