import { decodeLease, decodeNode, decodeObject, type KubeObject, recordOf } from './object.ts'

/**
 * Whether `now` can be what a running cluster made of `before`: an object of the same kind and name, with what never
 * changes in it the same. `isNew`: it was deleted and made again since. Garbage never is; a value that is no Kubernetes
 * object to begin with, or encrypted, cannot be judged and is.
 */
export function isPlausible(before: Buffer, now: Buffer, { isNew = false } = {}): boolean {
  const [a, b] = [decodeObject(before), decodeObject(now)]
  if (a.encoding === 'unknown') return true
  if (b.encoding === 'unknown') return false
  if (a.encoding === 'encrypted' || b.encoding === 'encrypted') return true
  if (!isSame(a, b) || (!isNew && a.uid !== b.uid)) return false
  if (isNew) return true
  if (a.kind === 'Node') return isSameNode(before, now)
  return a.kind !== 'Lease' || isRenewed(before, now)
}

const isSame = (a: KubeObject, b: KubeObject) => a.kind === b.kind && a.name === b.name && a.namespace === b.namespace

/** Set once, soon after the node joins; its taints, labels and status change all the time. */
const NODE = ['providerID', 'podCIDR', 'podCIDRs']

function isSameNode(before: Buffer, now: Buffer): boolean {
  const [a, b] = [recordOf(decodeNode(before)?.spec), recordOf(decodeNode(now)?.spec)]
  return NODE.every((field) => a[field] === undefined || JSON.stringify(a[field]) === JSON.stringify(b[field]))
}

/** Renewed by who holds it, or taken by another, which is told by the time of that. */
function isRenewed(before: Buffer, now: Buffer): boolean {
  const [a, b] = [recordOf(decodeLease(before)?.spec), recordOf(decodeLease(now)?.spec)]
  if (a.leaseDurationSeconds !== b.leaseDurationSeconds) return false
  return a.holderIdentity === b.holderIdentity || a.acquireTime !== b.acquireTime
}
