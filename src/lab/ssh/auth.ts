import { timingSafeEqual } from 'node:crypto'
import type { AuthContext, ParsedKey } from 'ssh2'
import type { NodeFaults } from './faults.ts'

/** Lets in whoever has the operator's key, under any user name, and nobody else. */
export function authenticate(allowed: ParsedKey, faults: NodeFaults): (context: AuthContext) => void {
  return (context) => {
    if (faults.refuseLogins || context.method !== 'publickey') return context.reject(['publickey'])
    if (context.key.algo !== allowed.type || !same(context.key.data, allowed.getPublicSSH())) {
      return context.reject(['publickey'])
    }
    // Without a signature the client only asks whether this key would do
    if (context.signature === undefined || context.blob === undefined) return context.accept()
    if (allowed.verify(context.blob, context.signature, context.hashAlgo) === true) return context.accept()
    return context.reject(['publickey'])
  }
}

const same = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b)
