import { recordOf, type WholeObject } from './object.ts'

/** What the API server sets by itself, and must not be given to it again. */
const OWN_METADATA = [
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
  'selfLink',
  // owners have new uids in another cluster: with the old ones the garbage collector would delete the object
  'ownerReferences',
] as const

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

/** The object as `kubectl apply` takes it: without status, identity and everything that another cluster gives anew. */
export function applicable({ apiVersion, kind, message }: WholeObject): Record<string, unknown> {
  const { metadata, status: _status, apiVersion: _version, kind: _kind, ...rest } = message
  return { apiVersion, kind, metadata: cleanMetadata(recordOf(metadata)), ...rest }
}

function cleanMetadata(metadata: Record<string, unknown>): Record<string, unknown> {
  const kept = Object.entries(metadata).filter(([name]) => !(OWN_METADATA as readonly string[]).includes(name))
  return Object.fromEntries(
    kept.flatMap(([name, value]) => (name === 'annotations' ? cleanAnnotations(value) : [[name, value]])),
  )
}

function cleanAnnotations(value: unknown): [string, unknown][] {
  const kept = Object.entries(recordOf(value)).filter(([name]) => name !== LAST_APPLIED)
  return kept.length === 0 ? [] : [['annotations', Object.fromEntries(kept)]]
}
