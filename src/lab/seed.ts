import type { Pair } from './etcd/kv.ts'
import { objectLike } from './kube-kinds.ts'

export interface SeedOptions {
  keys: number
  /** Bytes of all values together, roughly. */
  sizeBytes: number
  /** The same seed gives the same data. */
  seed: number
}

/** Shares of a cluster's keys and how large a value is against the average, roughly as clusters have them. */
const KINDS = [
  { path: 'pods', namespaced: true, share: 0.3, weight: 2 },
  { path: 'events', namespaced: true, share: 0.25, weight: 0.3 },
  { path: 'configmaps', namespaced: true, share: 0.15, weight: 1.5 },
  { path: 'secrets', namespaced: true, share: 0.12, weight: 1 },
  { path: 'replicasets', namespaced: true, share: 0.08, weight: 0.8 },
  { path: 'services/specs', namespaced: true, share: 0.05, weight: 0.3 },
  { path: 'persistentvolumes', namespaced: false, share: 0.03, weight: 2 },
  { path: 'clusterroles', namespaced: false, share: 0.02, weight: 0.4 },
] as const

const NAMESPACES = ['kube-system', 'default', 'production', 'staging', 'monitoring', 'ci']
/** Identity and envelope of an object, roughly. */
const FRAME_BYTES = 220
/** Unix seconds: when the first object was made. */
const BEGUN = 1_700_000_000
const MAX_VALUE = 900_000

/** A small generator of random numbers (mulberry32), so that the data follows from the seed alone. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Kubernetes-like keys and values, each key once: `/registry/pods/<namespace>/<name>` and so on. */
export function* kubernetesLike({ keys, sizeBytes, seed }: SeedOptions): Generator<Pair> {
  const random = randomFrom(seed)
  const average = sizeBytes / Math.max(1, keys)
  for (let i = 0; i < keys; i++) {
    const kind = pick(random())
    const namespace = kind.namespaced ? NAMESPACES[Math.floor(random() * NAMESPACES.length)] : undefined
    const name = `${kind.path.replace(/.*\//, '')}-${i.toString(36)}-${Math.floor(random() * 1e9).toString(36)}`
    const size = Math.round(average * kind.weight * (0.5 + random()))
    const folder = namespace === undefined ? kind.path : `${kind.path}/${namespace}`
    const filling = fillingOf(Math.min(MAX_VALUE, Math.max(0, size - FRAME_BYTES)), random)
    const made = { name, namespace, uid: uidOf(random), createdAt: BEGUN + i, filling }
    yield { key: Buffer.from(`/registry/${folder}/${name}`), value: objectLike(kind.path, made) }
  }
}

function pick(at: number): (typeof KINDS)[number] {
  let sum = 0
  for (const kind of KINDS) {
    sum += kind.share
    if (at < sum) return kind
  }
  return KINDS[0]
}

/** Words that gzip makes a few times smaller, as it does real objects. */
function fillingOf(size: number, random: () => number): string {
  const filling = Buffer.alloc(size, ' ')
  for (let at = 0; at < size; at += 16) {
    const word = Math.floor(random() * 4_294_967_296).toString(36)
    filling.write(`"${word}":"field",`, at)
  }
  return filling.toString('latin1')
}

function uidOf(random: () => number): string {
  const hex = (digits: number) =>
    Math.floor(random() * 16 ** digits)
      .toString(16)
      .padStart(digits, '0')
  return `${hex(8)}-${hex(4)}-${hex(4)}-${hex(4)}-${hex(12)}`
}
