import { type Identity, identityOf } from './identity.ts'
import type { Incident } from './incident.ts'
import type { Lab } from './lab.ts'
import { countKept } from './leases.ts'
import { tallyServed } from './measure.ts'
import { newTally, type Tally } from './tally.ts'

/** A recovered cluster, held against what was recorded before its incident. */
export interface Survey extends Tally, Identity {
  /** Leases of before that are there with their keys attached. */
  leasesKept: number
  /** Writes that were acknowledged right before the end and are not served. */
  writesLost: number
  /** Whether, apart from these, every key and value is what it was. */
  restIsSame: boolean
}

export async function survey(lab: Lab, { expected, late, uncertain, leases }: Incident): Promise<Survey> {
  const missing = new Map(late.map(({ key, value }) => [key.toString('utf8'), value]))
  const tally = await tallyServed(lab, uncertain, ({ key, value }) => {
    const name = key.toString('utf8')
    if (missing.get(name)?.equals(value)) missing.delete(name)
  })
  const rest = newTally(expected)
  for (const [name, value] of missing) rest.remove(Buffer.from(name), value)
  const restIsSame = isSame(tally, rest.result())
  const gateway = lab.etcd()
  try {
    const leasesKept = await countKept(gateway, leases)
    return { ...tally, ...(await identityOf(gateway)), leasesKept, writesLost: missing.size, restIsSame }
  } finally {
    gateway.close()
  }
}

const isSame = (a: Tally, b: Tally): boolean => a.keys === b.keys && a.digest === b.digest
